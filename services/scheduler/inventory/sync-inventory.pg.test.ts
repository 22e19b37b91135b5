import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openAdminClient } from '@bursar/admin-api/client';
import { adminCredential } from '@bursar/admin-api/credential';
import { type Emulator, type EmulatorSeed, startEmulator } from '@bursar/anthropic-emulator/emulator';
import { openPool, type Pool } from '@bursar/db/pool';
import { freshDatabase } from '../../../test/harness/database.ts';
import { OtherOrganizationError, syncInventory } from './sync-inventory.ts';

const SEED: EmulatorSeed = {
  organization: { name: 'Acme' },
  workspaces: [{ name: 'Production' }, { name: 'Staging' }],
  users: [{ email: 'admin@acme.example', name: 'Ada', role: 'admin' }],
  apiKeys: [
    { name: 'auth', workspace: 'Production' },
    { name: 'search', workspace: 'Staging', createdBy: 'admin@acme.example' },
    { name: 'everywhere', workspace: null, principal: 'admin@acme.example' },
  ],
};

async function installation(seed: EmulatorSeed = SEED) {
  const database = await freshDatabase('inventory');
  const pool = openPool(database.url, { name: 'inventory test' });
  const emulator = await startEmulator({ seed });
  return {
    pool,
    emulator,
    client: clientOf(emulator),
    async [Symbol.asyncDispose]() {
      await emulator.close();
      await pool.end();
      await database[Symbol.asyncDispose]();
    },
  };
}

function clientOf(emulator: Emulator) {
  return openAdminClient({ credential: adminCredential({ value: emulator.adminKey }), baseURL: emulator.url });
}

const unhurried = () => AbortSignal.timeout(20_000);

/** Changes keys in ways that the Admin API doesn't offer. */
async function changeKey(emulator: Emulator, name: string, change: object): Promise<void> {
  const { id } = emulator.apiKey(name);
  const response = await fetch(`${emulator.url}/_emulator/api_keys/${id}`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(change),
  });
  assert.equal(response.status, 200);
}

async function changesOf(pool: Pool): Promise<string[]> {
  const { rows } = await pool.query<{ line: string }>(
    `select name || ': ' || field || ' ' || coalesce(before, '-') || ' -> ' || coalesce(after, '-') as line
       from api_key_change join api_key using (api_key_id) where field <> 'gone_at' order by name, field`,
  );
  return rows.map((row) => row.line);
}

test('the inventory holds 250 keys of three pages as Anthropic shows them', async () => {
  const apiKeys = Array.from({ length: 250 }, (_, index) => ({ name: `key ${index}`, workspace: 'Production' }));
  await using it = await installation({ workspaces: [{ name: 'Production' }], apiKeys });
  const sync = await syncInventory(it.pool, it.client, unhurried());
  assert.deepEqual([sync.keys, sync.added, sync.gone, sync.notified], [250, 250, 0, true]);
  const pages = it.emulator.adminLog().filter((call) => call.path === '/v1/organizations/api_keys');
  assert.equal(pages.length, 3);
  const shown = it.emulator.apiKey('key 249');
  const { rows } = await it.pool.query(
    'select name, status, hint, created_at, expires_at from api_key where api_key_id = $1',
    [shown.id],
  );
  assert.deepEqual(rows, [
    {
      name: 'key 249',
      status: 'active',
      hint: shown.partial_key_hint,
      created_at: new Date(shown.created_at),
      expires_at: null,
    },
  ]);
});

test('the inventory tells scope, maker and principal of each key, and archived and default workspaces', async () => {
  await using it = await installation();
  await syncInventory(it.pool, it.client, unhurried());
  const user = it.emulator.summary().users[0]!.id;
  const { rows: keys } = await it.pool.query(
    `select k.name, w.name as workspace, created_by, principal
       from api_key k left join workspace w using (workspace_id) order by k.name`,
  );
  assert.deepEqual(keys, [
    { name: 'auth', workspace: 'Production', created_by: null, principal: null },
    { name: 'everywhere', workspace: null, created_by: null, principal: user },
    { name: 'search', workspace: 'Staging', created_by: user, principal: null },
  ]);
  const { rows: workspaces } = await it.pool.query('select name from workspace order by name');
  assert.deepEqual(
    workspaces.map((row) => row.name),
    ['Default', 'Production', 'Staging'],
  );
});

test('the inventory keeps a history row for each changed field, and none when nothing changed', async () => {
  await using it = await installation();
  await syncInventory(it.pool, it.client, unhurried());
  const again = await syncInventory(it.pool, it.client, unhurried());
  assert.deepEqual([again.added, again.changes, again.notified], [0, 0, false]);

  await changeKey(it.emulator, 'auth', { status: 'inactive' });
  await changeKey(it.emulator, 'search', { name: 'search two', expires_at: '2031-01-01T00:00:00Z' });
  const changed = await syncInventory(it.pool, it.client, unhurried());
  assert.deepEqual([changed.changes, changed.notified], [3, true]);
  assert.deepEqual(await changesOf(it.pool), [
    'auth: status active -> inactive',
    'search two: expires_at - -> 2031-01-01 00:00:00+00',
    'search two: name search -> search two',
  ]);
});

test('the inventory marks a key that is no longer listed as gone, and takes it back when it is listed again', async () => {
  await using it = await installation();
  await syncInventory(it.pool, it.client, unhurried());
  it.emulator.reset({ ...SEED, apiKeys: SEED.apiKeys.slice(1) });
  assert.equal((await syncInventory(it.pool, it.client, unhurried())).gone, 1);
  assert.equal((await syncInventory(it.pool, it.client, unhurried())).gone, 0);
  it.emulator.reset(SEED);
  const back = await syncInventory(it.pool, it.client, unhurried());
  assert.equal(back.notified, true);
  const { rows } = await it.pool.query(`select before is null as went, after is null as came
    from api_key_change where field = 'gone_at' order by api_key_change_id`);
  assert.deepEqual(rows, [
    { went: true, came: false },
    { went: false, came: true },
  ]);
  const { rows: gone } = await it.pool.query('select from api_key where gone_at is not null');
  assert.equal(gone.length, 0);
});

test('the inventory takes no key for gone when a page fails for good or the list is suddenly empty', async () => {
  await using it = await installation();
  await syncInventory(it.pool, it.client, unhurried());
  it.emulator.reset({ ...SEED, apiKeys: [] });
  await assert.rejects(syncInventory(it.pool, it.client, unhurried()), { name: 'IncompleteListingError' });
  it.emulator.reset({ ...SEED, apiKeys: SEED.apiKeys.slice(1) });
  it.emulator.addFault({ path: 'api_keys', fault: { kind: 'error', status: 400 } });
  await assert.rejects(syncInventory(it.pool, it.client, unhurried()), { status: 400 });
  const { rows } = await it.pool.query('select from api_key where gone_at is not null');
  assert.equal(rows.length, 0);
});

test('the inventory waits out 429, 5xx and lost connections', async () => {
  await using it = await installation();
  it.emulator.addFault({ times: 2, fault: { kind: 'rate_limit', retryAfterSeconds: 0.05 } });
  it.emulator.addFault({
    path: 'api_keys',
    times: 1,
    fault: { kind: 'error', status: 529, retryAfterSeconds: 0.01 },
  });
  it.emulator.addFault({ path: 'workspaces', times: 1, fault: { kind: 'connection_reset' } });
  assert.equal((await syncInventory(it.pool, it.client, unhurried())).keys, 3);
});

test('the inventory gives up with the answer it got when its time is over', async () => {
  await using it = await installation();
  it.emulator.addFault({ fault: { kind: 'rate_limit', retryAfterSeconds: 3_600 } });
  await assert.rejects(syncInventory(it.pool, it.client, AbortSignal.timeout(100)), { status: 429 });
});

test('the inventory is pinned to its first organization: a credential of another one is refused, and nothing is stored', async () => {
  await using it = await installation();
  await syncInventory(it.pool, it.client, unhurried());
  const other = await startEmulator({ seed: { ...SEED, organization: { name: 'Rival' } } });
  const refusal = await syncInventory(it.pool, clientOf(other), unhurried()).catch((error) => error);
  await other.close();
  assert.ok(refusal instanceof OtherOrganizationError);
  assert.equal(refusal.exitCode, 4);
  assert.match(refusal.message, /belongs to the organization Acme .* speaks for Rival/);
  const { rows } = await it.pool.query('select name from organization');
  assert.deepEqual(rows, [{ name: 'Acme' }]);
  const { rows: keys } = await it.pool.query('select from api_key');
  assert.equal(keys.length, 3);
});
