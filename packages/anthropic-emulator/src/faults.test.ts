import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { type Emulator, startEmulator } from './emulator.ts';

const hello = { model: 'claude-haiku-5-5', max_tokens: 100, messages: [{ role: 'user' as const, content: 'Hello' }] };

let emulator: Emulator;
let admin: Anthropic;
let client: Anthropic;
const suspend = () => admin.organization.apiKeys.update(emulator.apiKey('search').id, { status: 'inactive' });

before(async () => {
  const apiKeys = ['search', 'auth'].map((name) => ({ name, workspace: 'Default' }));
  emulator = await startEmulator({ streamChunks: 4, seed: { workspaces: [], apiKeys } });
  admin = new Anthropic({ baseURL: emulator.url, apiKey: emulator.adminKey, maxRetries: 0 });
  client = new Anthropic({ baseURL: emulator.url, apiKey: emulator.secretOf('search'), maxRetries: 0 });
});
beforeEach(() => emulator.reset());
after(() => emulator.close());

test('an error comes as often as asked, with its type, code and headers, and then no more', async () => {
  emulator.addFault({ path: '^/v1/messages$', times: 2, fault: { kind: 'error', status: 529 } });
  for (let i = 0; i < 2; i++) {
    await assert.rejects(client.messages.create(hello), (error) => {
      assert.ok(error instanceof Anthropic.APIError);
      assert.deepEqual([error.status, error.type], [529, 'overloaded_error']);
      return true;
    });
  }
  await client.messages.create(hello);
  const code = 'workspace_api_key_limit_exceeded';
  emulator.addFault({ method: 'POST', fault: { kind: 'error', status: 400, code, message: 'Full.' } });
  await assert.rejects(suspend(), { errorCode: code, apiMessage: 'Full.' });
});

test('a fault meets only the method, path and key that it names', async () => {
  const auth = new Anthropic({ baseURL: emulator.url, apiKey: emulator.secretOf('auth'), maxRetries: 0 });
  emulator.addFault({ apiKeyId: emulator.apiKey('auth').id, fault: { kind: 'error', status: 500 } });
  await client.messages.create(hello);
  await assert.rejects(auth.messages.create(hello), Anthropic.InternalServerError);
  await suspend();
  const changed = admin.organization.apiKeys.update(emulator.apiKey('auth').id, { status: 'inactive' });
  await assert.rejects(changed, Anthropic.InternalServerError);
  emulator.clearFaults();
  await auth.messages.create(hello);
});

test('a rate limit comes with or without retry-after, and can forbid the retry', async () => {
  const fails = async (client: Anthropic) => {
    const error = await client.messages.create(hello).then(
      () => assert.fail('not refused'),
      (thrown) => thrown,
    );
    assert.ok(error instanceof Anthropic.RateLimitError);
    return error.headers;
  };
  emulator.addFault({ times: 1, fault: { kind: 'rate_limit', retryAfterSeconds: 3 } });
  assert.equal((await fails(client)).get('retry-after'), '3');
  emulator.addFault({
    times: 1,
    fault: { kind: 'rate_limit', code: 'enforced_spend_limit_reached', shouldRetry: false },
  });
  const headers = await fails(client.withOptions({ maxRetries: 2 }));
  assert.equal(headers.get('retry-after'), null);
  assert.equal(headers.get('x-should-retry'), 'false');
});

test('latency delays an answer beyond the patience of the caller', async () => {
  emulator.addFault({ times: 1, fault: { kind: 'latency', delayMs: 60_000 } });
  await assert.rejects(client.messages.create(hello, { timeout: 50 }), Anthropic.APIConnectionTimeoutError);
  await client.messages.create(hello);
});

test('a connection can be cut before the work, or after it took effect', async () => {
  emulator.addFault({ method: 'POST', times: 1, fault: { kind: 'connection_reset' } });
  await assert.rejects(suspend(), Anthropic.APIConnectionError);
  assert.equal(emulator.apiKey('search').status, 'active');
  emulator.addFault({ method: 'POST', times: 1, fault: { kind: 'connection_reset', afterEffect: true } });
  await assert.rejects(suspend(), Anthropic.APIConnectionError);
  assert.equal(emulator.apiKey('search').status, 'inactive');
  assert.deepEqual(
    emulator.adminLog().map((call) => call.responseStatus),
    [null, null],
  );
});

test('an error can come after the work took effect', async () => {
  emulator.addFault({ method: 'POST', times: 1, fault: { kind: 'error', status: 500, afterEffect: true } });
  await assert.rejects(suspend(), Anthropic.InternalServerError);
  assert.equal(emulator.apiKey('search').status, 'inactive');
  assert.equal(emulator.adminLog()[0]?.responseStatus, 500);
});

test('an answer can be malformed JSON', async () => {
  emulator.addFault({ times: 1, fault: { kind: 'malformed_json' } });
  await assert.rejects(client.messages.create(hello), SyntaxError);
});

test('an update can answer 200 and change nothing, and only updates use such a rule up', async () => {
  emulator.addFault({ times: 1, fault: { kind: 'unchanged' } });
  await client.messages.create(hello);
  await admin.organization.apiKeys.retrieve(emulator.apiKey('search').id);
  assert.equal((await suspend()).status, 'active');
  assert.deepEqual(
    emulator.adminLog().map((call) => call.faults),
    [[], ['unchanged']],
  );
  assert.equal((await suspend()).status, 'inactive');
});

test('a key can go on passing requests for a while after it was switched off', async () => {
  emulator.setClock({ at: '2026-11-23T12:00:00Z', frozen: true });
  emulator.addFault({ times: 1, fault: { kind: 'effect_delay', delayMs: 2000 } });
  await suspend();
  emulator.setClock({ advanceMs: 1999 });
  await client.messages.create(hello);
  emulator.setClock({ advanceMs: 1 });
  await assert.rejects(client.messages.create(hello), Anthropic.AuthenticationError);
});

test('a stream can end in an error event or be cut, after the wanted deltas', async () => {
  const deltasUntilFailure = async (failure: new (...args: never[]) => Error) => {
    let deltas = 0;
    const read = async () => {
      for await (const event of await client.messages.create({ ...hello, stream: true })) {
        if (event.type === 'content_block_delta') deltas += 1;
      }
    };
    await assert.rejects(read(), failure);
    return deltas;
  };
  emulator.addFault({ times: 1, fault: { kind: 'stream_error', afterDeltas: 2 } });
  assert.equal(await deltasUntilFailure(Anthropic.APIError), 2);
  emulator.addFault({ times: 1, fault: { kind: 'stream_cut', afterDeltas: 3 } });
  assert.equal(await deltasUntilFailure(TypeError), 3);
  await client.messages.stream(hello).finalMessage();
});

test('a rule that makes no sense is refused', () => {
  assert.throws(() => emulator.addFault({ fault: { kind: 'error', status: 200 } }), /400/);
  assert.throws(() => emulator.addFault({ path: '(', fault: { kind: 'malformed_json' } }), /regular expression/);
});
