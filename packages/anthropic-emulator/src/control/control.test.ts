import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { type Emulator, startEmulator } from '../emulator.ts';

const SECRET = /sk-ant-(api03|admin01)-[\w-]{20}/;

let emulator: Emulator;
let admin: Anthropic;

before(async () => {
  emulator = await startEmulator({ seed: { workspaces: [], apiKeys: [{ name: 'search', workspace: 'Default' }] } });
  admin = new Anthropic({ baseURL: emulator.url, apiKey: emulator.adminKey, maxRetries: 0 });
});
beforeEach(() => emulator.reset());
after(() => emulator.close());

async function control(method: string, path: string, body?: unknown, status = 200): Promise<unknown> {
  const json =
    body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
  const answer = await fetch(`${emulator.url}/_emulator/${path}`, { method, ...json });
  const text = await answer.text();
  assert.equal(answer.status, status, text);
  return text === '' ? undefined : JSON.parse(text);
}

test('a key made by hand works at once, also when its name is taken', async () => {
  const made = (await control('POST', 'api_keys', { name: 'search', workspace: 'Default' })) as {
    id: string;
    secret: string;
  };
  assert.notEqual(made.secret, emulator.secretOf('search'));
  const client = new Anthropic({ baseURL: emulator.url, apiKey: made.secret, maxRetries: 0 });
  await client.messages.create({
    model: 'claude-haiku-5-5',
    max_tokens: 1,
    messages: [{ role: 'user', content: 'Hi' }],
  });
  assert.equal((await admin.organization.apiKeys.retrieve(made.id)).name, 'search');
  await control('POST', 'api_keys', { name: 'lost', workspace: 'Nowhere' }, 400);
});

test('a key can be changed against the rules', async () => {
  const { id } = emulator.apiKey('search');
  const change = { status: 'archived', created_at: '2020-01-01T00:00:00Z', expires_at: '2021-01-01T00:00:00Z' };
  await control('PATCH', `api_keys/${id}`, change);
  assert.deepEqual(await admin.organization.apiKeys.retrieve(id), { ...emulator.apiKey('search'), ...change });
  await control('PATCH', `api_keys/${id}`, { status: 'active', expires_at: null });
  assert.equal(emulator.apiKey('search').status, 'active');
  await control('PATCH', 'api_keys/apikey_none', {}, 404);
});

test('faults are added and removed', async () => {
  await control('POST', 'faults', { fault: { kind: 'error', status: 503 } }, 204);
  await assert.rejects(Promise.resolve(admin.organization.retrieve()), Anthropic.InternalServerError);
  await control('DELETE', 'faults', undefined, 204);
  await admin.organization.retrieve();
  await control('POST', 'faults', { fault: { kind: 'earthquake' } }, 400);
  await control('POST', 'faults', { path: '(', fault: { kind: 'malformed_json' } }, 400);
});

test('the log names every Admin call with its answer, and holds no secret', async () => {
  const { id } = emulator.apiKey('search');
  await admin.organization.apiKeys.update(id, { status: 'inactive' });
  await assert.rejects(Promise.resolve(admin.organization.apiKeys.retrieve('apikey_none')));
  const log = (await control('GET', 'admin-log')) as Record<string, unknown>[];
  assert.deepEqual(
    log.map(({ method, path, requestedStatus, responseStatus }) => [method, path, requestedStatus, responseStatus]),
    [
      ['POST', `/v1/organizations/api_keys/${id}`, 'inactive', 200],
      ['GET', '/v1/organizations/api_keys/apikey_none', null, 404],
    ],
  );
  assert.match(String(log[0]?.['requestId']), /^req_/);
  assert.doesNotMatch(JSON.stringify(log), SECRET);
  assert.doesNotMatch(JSON.stringify(await control('GET', 'organization')), SECRET);
});

test('the clock is set, frozen, moved and set back to real time', async () => {
  const now = async (change: object) => ((await control('PUT', 'clock', change)) as { now: string }).now;
  assert.equal(await now({ at: '2030-01-01T00:00:00Z', frozen: true }), '2030-01-01T00:00:00.000Z');
  assert.equal(await now({ advanceMs: 86_400_000 }), '2030-01-02T00:00:00.000Z');
  assert.ok((await now({ at: '2030-01-01T00:00:00Z' })) >= '2030-01-01T00:00:00.000Z');
  assert.ok((await now({ real: true })) < '2030');
  await control('PUT', 'clock', { at: 'tomorrow' }, 400);
});

test('a reset restores the state and keeps ids, secrets and the admin key of the same names', async () => {
  const [key, secret] = [emulator.apiKey('search'), emulator.secretOf('search')];
  await admin.organization.apiKeys.update(key.id, { status: 'archived' });
  const { apiKeys } = (await control('POST', 'reset')) as { apiKeys: unknown[] };
  assert.deepEqual(apiKeys, [{ id: key.id, name: 'search', secret }]);
  assert.equal((await admin.organization.apiKeys.retrieve(key.id)).status, 'active');
  assert.equal(emulator.adminLog().length, 1);
  await control('POST', 'reset', { workspaces: [], apiKeys: [{ name: 'other', workspace: 'Default' }] });
  assert.throws(() => emulator.secretOf('search'), /No API key is named "search".*other/);
  emulator.reset({ workspaces: [], apiKeys: [{ name: 'search', workspace: 'Default' }] });
  assert.equal(emulator.secretOf('search'), secret);
});

test('emulators share ids and secrets when they share a random seed, and only then', async () => {
  const seed = { workspaces: [], apiKeys: [{ name: 'search', workspace: 'Default' }] };
  const [a, b, c, d] = [
    await startEmulator({ seed, randomSeed: 7 }),
    await startEmulator({ seed, randomSeed: 7 }),
    await startEmulator({ seed }),
    await startEmulator({ seed }),
  ];
  assert.equal(a.adminKey, b.adminKey);
  assert.equal(a.secretOf('search'), b.secretOf('search'));
  assert.equal(new Set([a, c, d].map((emulator) => emulator.secretOf('search'))).size, 3);
  await Promise.all([a, b, c, d].map((emulator) => emulator.close()));
});
