import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { it } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { freshKey, MESSAGE, sendError, sendJson, startMessagesServer, USAGE } from '../test/messages-server.ts';
import { observedClient, PARAMS, serve } from '../test/observed-client.ts';
import { bursar } from './call-context.ts';

const { service_tier, speed, inference_geo, ...COUNTERS } = USAGE;

it('gives one event with the usage that the caller sees', async () => {
  const server = await serve((response) => sendJson(response, MESSAGE));
  const apiKey = freshKey();
  const { client, events } = observedClient(server.url, apiKey);
  const message = await client.messages.create(PARAMS);
  assert.deepEqual(message.usage, USAGE);
  assert.equal(events.length, 1);
  const { subject, data, source } = events[0]!;
  assert.deepEqual(data.usage, COUNTERS);
  assert.equal(data.usageBasis, 'reported');
  assert.equal(data.outcome, 'complete');
  assert.deepEqual([data.serviceTier, data.speed, data.inferenceGeo], [service_tier, speed, inference_geo]);
  assert.deepEqual([data.requestId, data.workspaceId, data.organizationId], ['req_01', 'wrkspc_1', 'org-1']);
  assert.deepEqual([data.messageId, data.stopReason, data.status], ['msg_01', 'end_turn', 200]);
  assert.deepEqual([data.requestedModel, data.servedModel], [PARAMS.model, MESSAGE.model]);
  assert.deepEqual(data.maxTokens, { requested: 64, sent: 64 });
  assert.equal(subject, createHash('sha256').update(apiKey).digest('hex'));
  assert.equal(subject, data.key.sha256);
  assert.equal(source, '//bursar/emitter/search/test');
  assert.ok(!JSON.stringify(events).includes(apiKey.slice(16, 40)), 'the key is nowhere in the event');
});

it('counts the retries of one call as attempts of one callId, without tokens for the refused ones', async () => {
  const server = await serve((response, _request, attempt) =>
    attempt < 2 ? sendError(response, 429, 'rate_limit_error') : sendJson(response, MESSAGE),
  );
  const { client, events } = observedClient(server.url);
  await client.messages.create(PARAMS);
  assert.deepEqual(
    events.map(({ data }) => [data.attempt, data.outcome, data.status, data.errorType, data.usage?.input_tokens]),
    [
      [0, 'http_error', 429, 'rate_limit_error', undefined],
      [1, 'http_error', 429, 'rate_limit_error', undefined],
      [2, 'complete', 200, undefined, 120],
    ],
  );
  assert.equal(new Set(events.map(({ data }) => data.callId)).size, 1);
  assert.equal(new Set(events.map(({ id }) => id)).size, 3);
  await client.messages.create(PARAMS);
  assert.notEqual(events[3]!.data.callId, events[0]!.data.callId);
});

it('leaves the error of a dead key as it is and reports it', async () => {
  const server = await serve((response) => sendError(response, 401, 'authentication_error'));
  const { client, events } = observedClient(server.url);
  await assert.rejects(client.messages.create(PARAMS), Anthropic.AuthenticationError);
  assert.deepEqual(
    events.map(({ data }) => [data.status, data.errorType, data.usageBasis]),
    [[401, 'authentication_error', 'reported']],
  );
});

it('reports a server that is not there as a transport error of unknown usage', async () => {
  const server = await startMessagesServer(() => undefined);
  await server.stop();
  const { client, events } = observedClient(server.url);
  await assert.rejects(client.messages.create(PARAMS, { maxRetries: 0 }), Anthropic.APIConnectionError);
  const { data } = events[0]!;
  assert.deepEqual([data.outcome, data.errorType, data.usageBasis], ['transport_error', 'ECONNREFUSED', 'unknown']);
});

it('reports an abort before the answer as cancelled and a timeout as a transport error', async () => {
  const server = await serve(() => undefined);
  const { client, events } = observedClient(server.url);
  const signal = AbortSignal.timeout(20);
  await assert.rejects(client.messages.create(PARAMS, { signal }), Anthropic.APIUserAbortError);
  await assert.rejects(
    client.messages.create(PARAMS, { timeout: 20, maxRetries: 0 }),
    Anthropic.APIConnectionTimeoutError,
  );
  assert.deepEqual(
    events.map(({ data }) => [data.outcome, data.errorType]),
    [
      ['cancelled', undefined],
      ['transport_error', 'timeout'],
    ],
  );
});

it('calls the usage unknown, never zero, when the answer is not a message', async () => {
  const server = await serve((response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<html>');
  });
  const { client, events } = observedClient(server.url);
  await client.messages.create(PARAMS);
  assert.deepEqual([events[0]!.data.usageBasis, events[0]!.data.usage], ['unknown', undefined]);
});

it('counts once when the middleware stands twice in the list', async () => {
  const server = await serve((response) => sendJson(response, MESSAGE));
  const { client, events, metering } = observedClient(server.url);
  await client.messages.create(PARAMS, { middleware: [metering.middleware] });
  assert.equal(events.length, 1);
});

it('meters token counts and new batches without tokens, and no other path', async () => {
  const server = await serve((response, request) =>
    sendJson(response, request.url!.endsWith('count_tokens') ? { input_tokens: 9 } : { id: 'msgbatch_1', data: [] }),
  );
  const { client, events } = observedClient(server.url);
  await client.messages.countTokens({ model: PARAMS.model, messages: PARAMS.messages });
  await client.messages.batches.create({ requests: [{ custom_id: 'a', params: PARAMS }] });
  await client.models.list();
  await client.messages.batches.retrieve('msgbatch_1');
  assert.deepEqual(
    events.map(({ data }) => [data.operation, data.requestedModel, data.messageId, data.usage?.input_tokens]),
    [
      ['count_tokens', PARAMS.model, undefined, 0],
      ['batches', PARAMS.model, 'msgbatch_1', 0],
    ],
  );
});

it('carries role, principal and tags from the call, then the nearest run, then the meter', async () => {
  const server = await serve((response) => sendJson(response, MESSAGE));
  const { client, events, contexts } = observedClient(server.url);
  await client.messages.create(PARAMS);
  await contexts.run({ role: 'ADMIN', tags: { job: 'index' } }, () =>
    contexts.run({ principal: 'u-1' }, async () => {
      await new Promise(setImmediate);
      await client.messages.create(PARAMS);
      await client.messages.create(PARAMS, bursar({ role: 'VIEWER', tags: { step: '2' } }));
    }),
  );
  assert.deepEqual(
    events.map(({ data }) => [data.role, data.principal, data.tags]),
    [
      ['USER', undefined, {}],
      ['ADMIN', 'u-1', { job: 'index' }],
      ['VIEWER', 'u-1', { job: 'index', step: '2' }],
    ],
  );
});

it('loses a senseless field, never the event', async () => {
  const server = await serve((response) =>
    sendJson(response, { ...MESSAGE, id: 7, model: `x\u0000${'y'.repeat(300)}` }),
  );
  const { client, events, cleaned } = observedClient(server.url);
  await client.messages.create(PARAMS, bursar({ role: '', principal: 'p'.repeat(999), tags: { secret: freshKey() } }));
  const { data } = events[0]!;
  assert.deepEqual([data.role, data.principal?.length, data.tags, data.messageId], ['USER', 256, {}, undefined]);
  assert.equal(data.servedModel?.length, 128);
  assert.deepEqual(new Set(cleaned), new Set(['role', 'principal', 'tags', 'messageId', 'servedModel']));
});
