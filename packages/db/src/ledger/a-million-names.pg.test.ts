import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { freshDatabase } from '../../../../test/harness/database.ts';
import { testPool } from '../../../../test/harness/ledger.ts';
import type { Pool, Queryable } from '../pool.ts';
import { type Dimension, ensureDimensions } from './dimensions.ts';
import { ensureKeyRefs } from './identities.ts';
import { principalsOf } from './principals.ts';

const NAMES = 1_000_000;
const BATCH = 5_000;
const sha256 = (name: string) => createHash('sha256').update(name).digest('hex');

/** Keys and dimensions as a hostile producer leaves them behind: one of each per request. */
async function fill(db: Pool): Promise<void> {
  const connection = await db.connect();
  // Not the foreign keys' triggers: a million of them is what takes time here, and nothing of what is tested.
  await connection.query('set session_replication_role = replica');
  await connection.query(
    `insert into key_identity (sha256, hint) select sha256(('key ' || n)::bytea), 'sk-ant-api03-abc...wxyz' from generate_series(1, $1::int) n`,
    [NAMES],
  );
  await connection.query(
    `insert into dimension (key_ref, role, workspace_id, service, principal, model, price_row, usage_basis)
     select n % 1000 + 1, 'USER', '', 'search', 'principal ' || n, 'm', 'p', 'reported' from generate_series(1, $1::int) n`,
    [NAMES],
  );
  connection.release();
  await db.query('analyze key_identity, dimension');
}

/** The plan that Postgres makes for what a function asks. */
async function planOf(db: Pool, ask: (db: Queryable) => Promise<unknown>): Promise<string> {
  let plan = '';
  const explaining = {
    query: async (text: string, values: unknown[]) => {
      const answer = await db.query(`explain (costs off) ${text}`, values);
      plan = answer.rows.map((row) => row['QUERY PLAN']).join('\n');
      return { rows: [] };
    },
  };
  await ask(explaining as unknown as Queryable);
  return plan;
}

const dimension = (index: number): Dimension => ({
  ...{
    key_ref: (index % 1000) + 1,
    role: 'USER',
    workspace_id: '',
    service: 'search',
    principal: `principal ${index}`,
  },
  ...{ model: 'm', price_row: 'p', usage_basis: 'reported' },
});

test('among a million keys and dimensions a batch finds its own, and makes what is new, by index', async () => {
  await using database = await freshDatabase('million');
  await using db = testPool(database.url);
  await fill(db);
  // Half of the batch is known, half is new.
  const indexes = Array.from({ length: BATCH }, (_, index) => NAMES - BATCH / 2 + index + 1);
  const keys = indexes.map((index) => ({
    sha256: sha256(`key ${index}`),
    hint: 'h',
    declaredApiKeyId: null,
    vouchedBy: '',
  }));
  const dimensions = indexes.map(dimension);
  const plans = {
    keys: await planOf(db, (explaining) => ensureKeyRefs(explaining, keys)),
    dimensions: await planOf(db, (explaining) => ensureDimensions(explaining, dimensions)),
    principals: await planOf(db, (explaining) => principalsOf(explaining, [1, 2, 3], Date.UTC(2026, 10, 24))),
  };
  for (const [what, plan] of Object.entries(plans)) {
    assert.doesNotMatch(plan, /Seq Scan on (key_identity|dimension|usage_quarter_hour)/, `${what}:\n${plan}`);
  }
  assert.equal((await ensureKeyRefs(db, keys)).size, BATCH);
  assert.equal((await ensureDimensions(db, dimensions)).size, BATCH);
  const { rows } = await db.query(
    'select (select count(*) from key_identity)::int as keys, (select count(*) from dimension)::int as dimensions',
  );
  assert.deepEqual(rows, [{ keys: NAMES + BATCH / 2, dimensions: NAMES + BATCH / 2 }]);
});
