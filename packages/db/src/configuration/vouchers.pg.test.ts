import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { freshDatabase } from '../../../../test/harness/database.ts';
import { testPool } from '../../../../test/harness/ledger.ts';
import { ensureDimensions } from '../ledger/dimensions.ts';
import { ensureKeyRefs } from '../ledger/identities.ts';
import type { Pool } from '../pool.ts';
import { activatePolicy, refreshBindings } from './activate.ts';
import { submitPolicy } from './submit-policy.ts';

/** Puts a policy in force that gives key `<service>-key` to each service and lets some of them sign. */
async function activate(db: Pool, requireSignature: string[], services = ['alpha', 'beta']): Promise<void> {
  const keys = services.map((service) => ({ name: `${service}-key`, service }));
  const policyJson = { keys, events: { requireSignature, acceptUnsigned: true } };
  const version = await submitPolicy(db, { contentHash: 'test', source: '', policyJson, reason: 'test' });
  assert.equal(await activatePolicy(db, version, { measures: [], limits: [], thresholds: [] }), true);
}

async function listed(db: Pool, service: string, hint: string): Promise<void> {
  await db.query(
    `insert into api_key (api_key_id, name, status, hint, created_at) values ($1, $1, 'active', $2, now())`,
    [`${service}-key`, hint],
  );
}

const hash = () => randomBytes(32).toString('hex');

/** A key that these services have used, as told by one speaker. */
async function used(db: Pool, sha256: string, vouchedBy: string, services: string[], hint = 'hint'): Promise<number> {
  const refs = await ensureKeyRefs(db, [{ sha256, vouchedBy, hint, declaredApiKeyId: null }]);
  const [keyRef] = refs.values();
  const rest = {
    role: '',
    workspace_id: '',
    principal: '',
    model: 'm',
    price_row: 'p',
    usage_basis: 'reported' as const,
  };
  await ensureDimensions(
    db,
    services.map((service) => ({ key_ref: keyRef!, service, ...rest })),
  );
  return keyRef!;
}

async function identities(db: Pool): Promise<(string | null)[]> {
  const { rows } = await db.query<{ vouched_by: string | null }>(
    'select vouched_by from key_identity order by key_ref',
  );
  return rows.map((row) => row.vouched_by);
}

async function boundTo(db: Pool, service: string): Promise<number | undefined> {
  const { rows } = await db.query<{ key_ref: number }>(
    'select key_ref from key_binding where api_key_id = $1 and unbound_at is null',
    [`${service}-key`],
  );
  return rows[0]?.key_ref;
}

test('one key has one number per speaker, however often and together it is asked for', async () => {
  await using database = await freshDatabase('claims');
  await using db = testPool(database.url);
  const sha256 = hash();
  const sightings = ['beta', '', 'alpha'].map((vouchedBy) => ({
    sha256,
    vouchedBy,
    hint: 'h',
    declaredApiKeyId: null,
  }));
  const rounds = await Promise.all(Array.from({ length: 4 }, () => ensureKeyRefs(db, sightings)));
  for (const refs of rounds) assert.deepEqual(refs, rounds[0]);
  assert.deepEqual([...rounds[0]!.keys()].sort(), [sha256, `${sha256}/alpha`, `${sha256}/beta`]);
  assert.equal(new Set(rounds[0]!.values()).size, 3);
});

test('the key of a signing service is bound to what that service vouches for, whoever came first', async () => {
  await using database = await freshDatabase('vouch');
  await using db = testPool(database.url);
  await activate(db, ['alpha', 'beta']);
  await listed(db, 'beta', 'hint');
  await used(db, hash(), 'alpha', ['alpha']);
  await used(db, hash(), '', ['gamma']);
  assert.equal(await refreshBindings(db), false);
  const own = await used(db, hash(), 'beta', ['beta']);
  await refreshBindings(db);
  assert.equal(await boundTo(db, 'beta'), own);
});

test('the key of an unsigned service is not bound to what a signing one vouches for', async () => {
  await using database = await freshDatabase('vouchless');
  await using db = testPool(database.url);
  await activate(db, ['alpha']);
  await listed(db, 'beta', 'hint');
  await used(db, hash(), 'alpha', ['alpha']);
  assert.equal(await refreshBindings(db), false);
});

test('a service that begins to sign keeps the keys that are its own: bound, or used by nobody else', async () => {
  await using database = await freshDatabase('adopt');
  await using db = testPool(database.url);
  await activate(db, []);
  await listed(db, 'beta', 'hint');
  const bound = await used(db, hash(), '', ['beta', 'gamma']);
  await refreshBindings(db);
  await used(db, hash(), '', ['beta'], 'other');
  await used(db, hash(), '', ['beta', 'gamma'], 'shared');
  await used(db, hash(), '', ['gamma'], 'unsigned');
  await activate(db, ['beta']);
  assert.deepEqual(await identities(db), ['beta', 'beta', '', '']);
  assert.equal(await boundTo(db, 'beta'), bound);
});

test('a key that is bound to what its service never used is free again when the service begins to sign', async () => {
  await using database = await freshDatabase('unbind');
  await using db = testPool(database.url);
  await activate(db, []);
  await listed(db, 'beta', 'hint');
  await used(db, hash(), '', ['liar']);
  await refreshBindings(db);
  await activate(db, ['*']);
  assert.equal(await boundTo(db, 'beta'), undefined);
  const own = await used(db, hash(), 'beta', ['beta']);
  await refreshBindings(db);
  assert.equal(await boundTo(db, 'beta'), own);
});

test('who stops signing shares one identity per key again, the bound one', async () => {
  await using database = await freshDatabase('release');
  await using db = testPool(database.url);
  await activate(db, ['*']);
  await listed(db, 'beta', 'hint');
  const [shared, lone] = [hash(), hash()];
  await used(db, shared, '', ['gamma'], 'elsewhere');
  await used(db, shared, 'alpha', ['alpha'], 'elsewhere');
  const own = await used(db, shared, 'beta', ['beta']);
  await used(db, lone, 'alpha', ['alpha'], 'lone');
  await refreshBindings(db);
  await activate(db, []);
  assert.deepEqual(await identities(db), [null, null, '', '']);
  assert.equal(await boundTo(db, 'beta'), own);
  assert.equal(await used(db, shared, '', ['gamma']), own);
});
