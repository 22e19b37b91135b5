import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { after, before, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import Anthropic from '@anthropic-ai/sdk';
import { createTopics } from '@bursar/bus/admin';
import { createKafka } from '@bursar/bus/kafka-settings';
import { type BursarEvent, decodeEvent, type EmitterEvent, type UsageEvent } from '@bursar/events/cloudevent';
import { EMITTER_CLOSED_TYPE, EMITTER_STARTED_TYPE } from '@bursar/events/emitter-event';
import { topics } from '@bursar/events/topics';
import { USAGE_TYPE } from '@bursar/events/usage-event';
import { brokersOfTest } from '../test/config.ts';
import {
  freshKey,
  MESSAGE,
  type MessagesServer,
  sendJson,
  sendStream,
  sseBytes,
  startMessagesServer,
  streamEvents,
} from '../test/messages-server.ts';
import { createMeter } from './meter.ts';

const CALLS = 450;
const PARAMS = { model: 'claude-haiku-5-5', max_tokens: 64, messages: [{ role: 'user' as const, content: 'Hello' }] };
const brokers = brokersOfTest();
const kafka = createKafka({ brokers, clientId: 'emitter-test' });
let server: MessagesServer;

before(async () => {
  server = await startMessagesServer((response, request) =>
    request.headers['x-stainless-helper-method'] === 'stream'
      ? sendStream(response, sseBytes(streamEvents()))
      : sendJson(response, MESSAGE),
  );
});
after(() => server.stop());

/** A usage topic that only one test uses. */
async function freshTopic(): Promise<{ topicPrefix: string; topic: string }> {
  const topicPrefix = `test-${randomBytes(4).toString('hex')}`;
  const spec = topics(topicPrefix).usage;
  await createTopics({ brokers, clientId: 'emitter-test' }, [spec]);
  return { topicPrefix, topic: spec.name };
}

type Received = { key: string; value: string; event: BursarEvent };

async function readAll(topic: string, count: number): Promise<Received[]> {
  const consumer = kafka.consumer({ groupId: `${topic}-reader`, maxWaitTimeInMs: 50 });
  const received: Received[] = [];
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await new Promise<void>((resolve, reject) => {
    consumer.on('consumer.crash', ({ payload }) => reject(payload.error));
    const run = consumer.run({
      eachMessage: async ({ message: { key, value, headers } }) => {
        const decoded = decodeEvent({ value, headers: headers ?? {} });
        if (!decoded.ok) return reject(new Error(decoded.detail));
        received.push({ key: String(key), value: String(value), event: decoded.event });
        if (received.length === count) resolve();
      },
    });
    run.catch(reject);
  });
  await consumer.disconnect();
  return received;
}

it('brings every event to Kafka once, readable, keyed by the hash of the key, with start and close around them', async () => {
  const { topicPrefix, topic } = await freshTopic();
  const meter = createMeter({ service: 'search', role: 'USER', kafka: { brokers }, topicPrefix, instance: 'one' });
  const apiKey = freshKey();
  const client = meter.wrap(new Anthropic({ apiKey, baseURL: server.url }));
  for (let left = CALLS; left > 0; left -= 50) {
    await Promise.all(Array.from({ length: 49 }, () => client.messages.create(PARAMS)));
    await client.messages.stream(PARAMS).finalMessage();
  }
  await meter.close(10_000);
  assert.deepEqual(meter.stats(), { recorded: CALLS, sent: CALLS, pending: 0, open: 0, dropped: {}, cleanedFields: 0 });

  const received = await readAll(topic, CALLS + 2);
  const usage = received.filter(({ event }) => event.type === USAGE_TYPE);
  const seqs = usage.map(({ event }) => (event as UsageEvent).data.emitter.seq);
  assert.deepEqual(
    seqs,
    Array.from({ length: CALLS }, (_, index) => index + 1),
  );
  assert.equal(new Set(usage.map(({ event }) => event.id)).size, CALLS);
  assert.equal(usage.filter(({ event }) => (event as UsageEvent).data.stream).length, CALLS / 50);
  assert.ok(usage.every(({ key, event }) => key === (event as UsageEvent).data.key.sha256));
  assert.ok(received.every(({ value }) => !value.includes(apiKey.slice(16, 40))));

  const lifecycle = received
    .filter(({ key }) => key === 'emitter:search/one')
    .map(({ event }) => event as EmitterEvent);
  const closed = lifecycle.find(({ type }) => type === EMITTER_CLOSED_TYPE)!;
  assert.deepEqual(new Set(lifecycle.map(({ type }) => type)), new Set([EMITTER_STARTED_TYPE, EMITTER_CLOSED_TYPE]));
  assert.deepEqual([closed.data.highestSeq, closed.data.pending, closed.data.dropped], [CALLS, 0, {}]);
});

it('delivers what is pending when the process ends without closing the meter', async () => {
  const { topicPrefix, topic } = await freshTopic();
  const script = fileURLToPath(new URL('../test/one-call.ts', import.meta.url));
  const child = spawn(process.execPath, [script, server.url, brokers.join(','), topicPrefix], { stdio: 'inherit' });
  const [code] = await once(child, 'close');
  assert.equal(code, 0);
  const types = (await readAll(topic, 3)).map(({ event }) => event.type);
  assert.deepEqual(new Set(types), new Set([EMITTER_STARTED_TYPE, USAGE_TYPE, EMITTER_CLOSED_TYPE]));
});
