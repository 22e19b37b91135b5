import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, it } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { freshKey, MESSAGE, type MessagesServer, sendJson, startMessagesServer } from '../test/messages-server.ts';
import { MeterOptionsError } from './emitter-identity.ts';
import { createMeter } from './meter.ts';
import type { MeterProblem } from './problem-report.ts';

/** A port where nobody listens. */
const NO_KAFKA = { brokers: ['127.0.0.1:1'] };
const PARAMS = { model: 'claude-haiku-5-5', max_tokens: 64, messages: [{ role: 'user' as const, content: 'Hello' }] };

const servers: MessagesServer[] = [];
after(() => Promise.all(servers.map((server) => server.stop())));

async function serveMessages(): Promise<string> {
  const server = await startMessagesServer((response) => sendJson(response, MESSAGE));
  servers.push(server);
  return server.url;
}

it('leaves calls unharmed when there is no Kafka, keeps their events, says so once and closes in time', async () => {
  const problems: MeterProblem[] = [];
  const meter = createMeter({
    service: 'search',
    role: 'USER',
    kafka: NO_KAFKA,
    onProblem: (problem) => {
      problems.push(problem);
      throw new Error('a listener that fails');
    },
  });
  const client = new Anthropic({ apiKey: freshKey(), baseURL: await serveMessages(), middleware: [meter.middleware] });
  const answers = await Promise.all(Array.from({ length: 20 }, () => client.messages.create(PARAMS)));
  assert.equal(answers.length, 20);
  await meter.close(700);
  const { recorded, pending, sent, dropped, open } = meter.stats();
  assert.deepEqual(
    { recorded, pending, sent, dropped, open },
    { recorded: 20, pending: 20, sent: 0, dropped: {}, open: 0 },
  );
  assert.deepEqual(
    problems.map(({ kind }) => kind),
    ['kafka_away'],
  );
});

it('counts what comes after close as dropped, and still leaves the call alone', async () => {
  const meter = createMeter({ service: 'search', role: 'USER', kafka: NO_KAFKA });
  const client = meter.wrap(new Anthropic({ apiKey: freshKey(), baseURL: await serveMessages() }));
  await meter.close(0);
  await client.messages.create(PARAMS);
  assert.deepEqual(meter.stats().dropped, { closed: 1 });
});

it('wraps a client once, behind the middleware that it has', async () => {
  const meter = createMeter({ service: 'search', role: 'USER', kafka: NO_KAFKA });
  const other: Anthropic['middleware'][number] = (request, next) => next(request);
  const client = new Anthropic({ apiKey: freshKey(), baseURL: await serveMessages(), middleware: [other] });
  const wrapped = meter.wrap(client);
  assert.ok(wrapped instanceof Anthropic);
  assert.deepEqual(wrapped.middleware, [other, meter.middleware]);
  assert.equal(meter.wrap(wrapped), wrapped);
  await wrapped.withOptions({ timeout: 5_000 }).messages.create(PARAMS);
  assert.equal(meter.stats().recorded, 1);
  await meter.close(0);
});

it('refuses options that could never work, in words, when the service starts', () => {
  const options = { service: 'search', role: 'USER', kafka: NO_KAFKA };
  const wrong = [
    { service: '' },
    { service: 'a b' },
    { role: 'x'.repeat(64) },
    { kafka: { brokers: [] } },
    { instance: 'é' },
  ];
  for (const change of wrong) assert.throws(() => createMeter({ ...options, ...change }), MeterOptionsError);
});

it('does not keep a finished process alive, whether or not there is a Kafka, and ends it without an error', async () => {
  const script = `
    import { createMeter } from ${JSON.stringify(new URL('meter.ts', import.meta.url).href)};
    createMeter({ service: 'search', role: 'USER', kafka: { brokers: ['127.0.0.1:1'] } });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  const [code] = await once(child, 'close');
  assert.deepEqual([code, output], [0, '']);
});
