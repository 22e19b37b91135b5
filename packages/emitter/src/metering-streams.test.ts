import assert from 'node:assert/strict';
import { once } from 'node:events';
import { it } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { openStream, type Reply, sendStream, sseBytes, streamEvents, USAGE } from '../test/messages-server.ts';
import { observedClient, PARAMS, serve } from '../test/observed-client.ts';

const { service_tier: _tier, speed: _speed, inference_geo: _geo, ...COUNTERS } = USAGE;
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

it('closes the connection when a raw body is cancelled', async () => {
  const server = await serve((response) => {
    openStream(response);
    response.write(sseBytes(streamEvents().slice(0, 8)));
  });
  const { client, events } = observedClient(server.url);
  const response = await client.messages.create({ ...PARAMS, stream: true }).asResponse();
  await response.body!.cancel();
  await server.abandoned;
  assert.deepEqual(
    events.map(({ data }) => [data.outcome, data.usageBasis]),
    [['cancelled', 'unknown']],
  );
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
