import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { after, describe, it } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import {
  freshKey,
  MESSAGE,
  type MessagesServer,
  openStream,
  type Reply,
  sendError,
  sendJson,
  sendStream,
  sseBytes,
  startMessagesServer,
  streamEvents,
  USAGE,
} from '../test/messages-server.ts';
import { observedClient } from '../test/observed-client.ts';
import { bursar } from './call-context.ts';

const servers: MessagesServer[] = [];
after(() => Promise.all(servers.map((server) => server.stop())));

async function serve(reply: Reply): Promise<MessagesServer> {
  const server = await startMessagesServer(reply);
  servers.push(server);
  return server;
}

const PARAMS = {
  model: 'claude-haiku-5-5',
  max_tokens: 64,
  messages: [{ role: 'user' as const, content: 'Hello' }],
};
const { service_tier, speed, inference_geo, ...COUNTERS } = USAGE;

describe('a call that does not stream', () => {
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
        [0, 'http_error', 429, 'rate_limit_error', 0],
        [1, 'http_error', 429, 'rate_limit_error', 0],
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
    await client.messages.create(
      PARAMS,
      bursar({ role: '', principal: 'p'.repeat(999), tags: { secret: freshKey() } }),
    );
    const { data } = events[0]!;
    assert.deepEqual([data.role, data.principal?.length, data.tags, data.messageId], ['USER', 256, {}, undefined]);
    assert.equal(data.servedModel?.length, 128);
    assert.deepEqual(new Set(cleaned), new Set(['role', 'principal', 'tags', 'messageId', 'servedModel']));
  });
});

describe('a call that streams', () => {
  const whole = (response: Parameters<Reply>[0]) => sendStream(response, sseBytes(streamEvents()));

  it('gives the usage of the SDK’s final message, by helper and raw', async () => {
    const server = await serve(whole);
    const { client, events } = observedClient(server.url);
    const message = await client.messages.stream(PARAMS).finalMessage();
    for await (const _ of await client.messages.create({ ...PARAMS, stream: true }));
    const { service_tier: _t, speed: _s, inference_geo: _g, ...usage } = message.usage;
    for (const { data } of events) {
      assert.deepEqual(data.usage, usage);
      assert.deepEqual([data.outcome, data.usageBasis, data.stream], ['complete', 'reported', true]);
      assert.deepEqual([data.serviceTier, data.stopReason, data.messageId], ['standard', 'end_turn', 'msg_01']);
      assert.ok(data.firstByteMs! <= data.durationMs);
    }
    assert.equal(events.length, 2);
  });

  it('reads the same from CRLF lines cut into single bytes, and adds the iterations of a fallback', async () => {
    const iterations = [
      { type: 'message', model: 'claude-opus-5-5', input_tokens: 100, output_tokens: 2 },
      { type: 'fallback_message', model: 'claude-haiku-5-5', input_tokens: 120, output_tokens: 42 },
    ];
    const frames = streamEvents().map((event) =>
      event.type === 'message_delta' ? { ...event, usage: { output_tokens: 42, iterations } } : event,
    );
    const server = await serve((response) => sendStream(response, sseBytes(frames, '\r\n'), 1));
    const { client, events } = observedClient(server.url);
    await client.messages.stream(PARAMS).finalMessage();
    assert.deepEqual(events[0]!.data.usage, { ...COUNTERS, iterations });
  });

  it('counts both readers of a tee once', async () => {
    const server = await serve(whole);
    const { client, events } = observedClient(server.url);
    const [left, right] = (await client.messages.create({ ...PARAMS, stream: true })).tee();
    for await (const _ of left);
    for await (const _ of right);
    assert.deepEqual(
      events.map(({ data }) => data.outcome),
      ['complete'],
    );
  });

  it('closes the connection when the app breaks off, and estimates what was streamed', async () => {
    const server = await serve((response) => {
      openStream(response);
      response.write(sseBytes(streamEvents().slice(0, 8)));
    });
    const { client, events } = observedClient(server.url);
    let deltas = 0;
    for await (const event of await client.messages.create({ ...PARAMS, stream: true })) {
      if (event.type === 'content_block_delta' && ++deltas === 5) break;
    }
    await server.abandoned;
    const { data } = events[0]!;
    const streamedBytes = Buffer.byteLength('Grüße, 世界 🌍 and more and more');
    assert.deepEqual([data.outcome, data.usageBasis], ['cancelled', 'estimated']);
    assert.deepEqual(data.usage, { ...COUNTERS, output_tokens: Math.ceil(streamedBytes / 3) });
  });

  it('reports an abort in mid-stream as cancelled', async () => {
    const server = await serve((response) => {
      openStream(response);
      response.write(sseBytes(streamEvents().slice(0, 5)));
    });
    const { client, events } = observedClient(server.url);
    const stream = client.messages.stream(PARAMS);
    stream.on('text', () => stream.abort());
    await assert.rejects(stream.finalMessage(), Anthropic.APIUserAbortError);
    await server.abandoned;
    assert.deepEqual(
      events.map(({ data }) => [data.outcome, data.usageBasis]),
      [['cancelled', 'estimated']],
    );
  });

  it('reports a stream that ends without message_stop, or whose connection breaks, as truncated', async () => {
    const server = await serve(async (response, _request, attempt) => {
      openStream(response);
      response.write(sseBytes(streamEvents().slice(0, 6)));
      await new Promise(setImmediate);
      if (attempt === 0) response.end();
      else response.destroy();
    });
    const { client, events } = observedClient(server.url);
    for (let call = 0; call < 2; call++) await assert.rejects(client.messages.stream(PARAMS).finalMessage());
    assert.deepEqual(
      events.map(({ data }) => [data.outcome, data.usageBasis]),
      [
        ['truncated', 'estimated'],
        ['truncated', 'estimated'],
      ],
    );
  });

  it('keeps the type of an error that comes in mid-stream', async () => {
    const error = { type: 'error', error: { type: 'overloaded_error', message: 'later' } };
    const server = await serve((response) => sendStream(response, sseBytes([...streamEvents().slice(0, 4), error])));
    const { client, events } = observedClient(server.url);
    await assert.rejects(client.messages.stream(PARAMS).finalMessage(), Anthropic.APIError);
    assert.deepEqual(
      events.map(({ data }) => [data.outcome, data.errorType]),
      [['truncated', 'overloaded_error']],
    );
  });

  it('buffers nothing for a reader who does not read', async () => {
    const megabyte = Buffer.alloc(1 << 20, ': keep-alive\n');
    let written = 0;
    const server = await serve(async (response) => {
      openStream(response);
      response.write(sseBytes(streamEvents().slice(0, 1)));
      for (; written < 128 && !response.destroyed; written++) {
        if (!response.write(megabyte)) await once(response, 'drain').catch(() => undefined);
      }
    });
    const { client, metering, events } = observedClient(server.url);
    const stream = await client.messages.create({ ...PARAMS, stream: true });
    await stream[Symbol.asyncIterator]().next();
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.ok(written < 64, `${written} MiB were taken from the server`);
    assert.equal(metering.openCount(), 1);
    metering.settleAbandoned();
    assert.equal(events.length, 0);
    stream.controller.abort();
  });

  it('settles a stream that nobody reads when the meter closes, and only once', async () => {
    const server = await serve(whole);
    const { client, events, metering } = observedClient(server.url);
    const stream = await client.messages.create({ ...PARAMS, stream: true });
    metering.settleAbandoned(true);
    assert.deepEqual(
      events.map(({ data }) => [data.outcome, data.usageBasis]),
      [['cancelled', 'unknown']],
    );
    for await (const _ of stream);
    assert.equal(events.length, 1);
  });
});

describe('what the caller sees', () => {
  const replies: Record<string, Reply> = {
    'a message': (response) => sendJson(response, MESSAGE),
    'a stream': (response) => sendStream(response, sseBytes(streamEvents(), '\r\n'), 37),
    'bytes that are not UTF-8': (response) => sendStream(response, Buffer.from([0xff, 0x0a, 0xc3, 0x28, 0x00]), 1),
    'an empty body': (response) => void response.writeHead(200).end(),
  };
  for (const [name, reply] of Object.entries(replies)) {
    it(`is the same with and without the meter: ${name}`, async () => {
      const server = await serve(reply);
      const { bare, client, events } = observedClient(server.url);
      const seen = [];
      for (const anthropic of [bare, client]) {
        const response = await anthropic.messages.create({ ...PARAMS, stream: true }).asResponse();
        const headers = [...response.headers].filter(([header]) => header !== 'date');
        const bytes = Buffer.from(await response.arrayBuffer());
        seen.push({ url: response.url, status: response.status, statusText: response.statusText, headers, bytes });
      }
      assert.deepEqual(seen[1], seen[0]);
      assert.equal(events.length, 1);
    });
  }
});
