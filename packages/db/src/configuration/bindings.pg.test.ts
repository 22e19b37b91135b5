import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { freshDatabase } from '../../../../test/harness/database.ts';
import { testPool } from '../../../../test/harness/ledger.ts';
import type { Pool } from '../pool.ts';
import { refreshBindings } from './activate.ts';
import { ambiguousHints, recordAmbiguousHints } from './bindings.ts';

async function listed(db: Pool, id: string, hint: string): Promise<void> {
  await db.query(
    `insert into api_key (api_key_id, name, status, hint, created_at) values ($1, $1, 'active', $2, now())`,
    [id, hint],
  );
}

async function metered(db: Pool, hint: string, declared: string | null = null): Promise<number> {
  const { rows } = await db.query<{ key_ref: number }>(
    'insert into key_identity (sha256, hint, declared_api_key_id) values ($1, $2, $3) returning key_ref',
    [randomBytes(32), hint, declared],
  );
  return rows[0]!.key_ref;
}

async function bindings(db: Pool): Promise<string[]> {
  const { rows } = await db.query<{ key_ref: number; api_key_id: string; basis: string }>(
    'select key_ref, api_key_id, basis from key_binding where unbound_at is null order by key_ref',
  );
  return rows.map(({ key_ref, api_key_id, basis }) => `${key_ref} ${api_key_id} ${basis}`);
}

test('a hint that only one metered and one listed key have binds them', async () => {
  await using database = await freshDatabase('bind');
  await using db = testPool(database.url);
  await listed(db, 'apikey_1', 'hint-a');
  const keyRef = await metered(db, 'hint-a');
  assert.deepEqual(await ambiguousHints(db), [], 'what is about to be bound is not ambiguous');
  assert.equal(await refreshBindings(db), true);
  assert.deepEqual(await bindings(db), [`${keyRef} apikey_1 unique_hint`]);
  assert.equal(await refreshBindings(db), false);
});

test('a key id that the emitter was told binds only with the hint of that key', async () => {
  await using database = await freshDatabase('declared');
  await using db = testPool(database.url);
  await listed(db, 'apikey_1', 'hint-a');
  await metered(db, 'hint-forged', 'apikey_1');
  assert.equal(await refreshBindings(db), false);
  const keyRef = await metered(db, 'hint-a', 'apikey_1');
  await refreshBindings(db);
  assert.deepEqual(await bindings(db), [`${keyRef} apikey_1 configured`]);
});

test('a hint that fits two keys binds nothing and is a finding, until it fits one again', async () => {
  await using database = await freshDatabase('ambiguous');
  await using db = testPool(database.url);
  await listed(db, 'apikey_1', 'hint-a');
  await metered(db, 'hint-a');
  const second = await metered(db, 'hint-a');
  assert.equal(await refreshBindings(db), false);
  await recordAmbiguousHints(db, await ambiguousHints(db));
  const open = () => db.query(`select subject from finding where kind = 'ambiguous_key' and resolved_at is null`);
  assert.deepEqual((await open()).rows, [{ subject: 'hint-a' }]);
  await db.query('delete from key_identity where key_ref = $1', [second]);
  await refreshBindings(db);
  await recordAmbiguousHints(db, await ambiguousHints(db));
  assert.deepEqual((await open()).rows, []);
  assert.equal((await bindings(db)).length, 1);
});

test('a second metered key with the hint of a bound one is a finding and takes nothing from the first', async () => {
  await using database = await freshDatabase('forged');
  await using db = testPool(database.url);
  await listed(db, 'apikey_1', 'hint-a');
  const first = await metered(db, 'hint-a');
  await refreshBindings(db);
  await metered(db, 'hint-a');
  assert.equal(await refreshBindings(db), false);
  assert.deepEqual(await ambiguousHints(db), ['hint-a']);
  assert.deepEqual(await bindings(db), [`${first} apikey_1 unique_hint`]);
});
