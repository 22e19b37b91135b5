import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { freshDatabase } from '../../../../test/harness/database.ts';
import { testPool } from '../../../../test/harness/ledger.ts';
import { type Added, batchOf, cellOf, type LimitedLedger, limitedLedger, windowOf } from '../../test/limited-ledger.ts';
import type { Pool } from '../pool.ts';
import { inRetriedTransaction } from '../transaction.ts';
import type { EmitterRow } from './rows.ts';
import { addSums } from './sums.ts';
import { writeBatch } from './write-batch.ts';

const LANES = 4;
const BATCHES = 5;
const ROWS = 400;

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);
const subject = (index: number) => String(index).padStart(4, '0');

/** Counts the transactions on a pool: each has a connection of its own, and so has each further attempt. */
function attemptsOn(db: Pool): { count: number } {
  const attempts = { count: 0 };
  db.on('acquire', () => attempts.count++);
  return attempts;
}

/** All lanes at once, each its batches one after the other. */
async function inLanes(work: (lane: number, turn: number) => Promise<unknown>): Promise<void> {
  await Promise.all(
    numbers(LANES).map(async (lane) => {
      for (const turn of numbers(BATCHES)) await work(lane, turn);
    }),
  );
}

/** Writes what each lane adds in each of its batches; returns how many attempts that took. */
async function writeInLanes(db: Pool, ledger: LimitedLedger, added: Added): Promise<number> {
  const attempts = attemptsOn(db);
  await inLanes((partition, offset) => writeBatch(db, batchOf(ledger, { ...added, partition, offset })));
  return attempts.count;
}

test('lanes that add to the same cells at the same time never deadlock', async () => {
  await using database = await freshDatabase('same_cells');
  await using db = testPool(database.url);
  const ledger = await limitedLedger(db, { dimensions: ROWS, partitions: LANES });
  const cells = ledger.dimensionIds.map(cellOf);
  assert.equal(await writeInLanes(db, ledger, { minutes: cells, quarterHours: cells }), LANES * BATCHES);
  const { rows } = await db.query('select distinct requests::int from usage_quarter_hour');
  assert.deepEqual(rows, [{ requests: LANES * BATCHES }]);
});

test('lanes that add to the same windows at the same time never deadlock', async () => {
  await using database = await freshDatabase('same_windows');
  await using db = testPool(database.url);
  const ledger = await limitedLedger(db, { partitions: LANES });
  const windows = numbers(ROWS).map((index) => windowOf(ledger, '1', subject(index)));
  assert.equal(await writeInLanes(db, ledger, { windows }), LANES * BATCHES);
  const { rows } = await db.query('select distinct total::int from limit_window');
  assert.deepEqual(rows, [{ total: LANES * BATCHES }]);
  const { rows: breaches } = await db.query('select count(*)::int from breach');
  assert.deepEqual(breaches, [{ count: ROWS }], 'each subject breaks its limit once');
});

test('writers that add to the same emitters at the same time never deadlock', async () => {
  await using database = await freshDatabase('same_emitters');
  await using db = testPool(database.url);
  const boot = randomUUID();
  const rows = numbers(ROWS).map((index) => emitterRow(`search/${subject(index)}`, boot));
  const attempts = attemptsOn(db);
  await inLanes(() =>
    inRetriedTransaction(db, (connection) =>
      addSums(connection, { minutes: [], quarterHours: [], emitters: rows, emitterQuarters: [] }),
    ),
  );
  assert.equal(attempts.count, LANES * BATCHES);
  assert.deepEqual((await db.query('select distinct seen::int from emitter_seq')).rows, [{ seen: LANES * BATCHES }]);
});

test('a transaction that Postgres chose to break a deadlock is done again, and nothing of it twice', async () => {
  await using database = await freshDatabase('deadlock');
  await using db = testPool(database.url);
  await db.query(
    'create table counter (name text primary key, value int); insert into counter values ($$a$$, 0), ($$b$$, 0)',
  );
  const bothHaveOne = Promise.withResolvers<void>();
  let having = 0;
  const addTo = (...names: string[]) =>
    inRetriedTransaction(db, async (connection) => {
      for (const name of names) {
        await connection.query('update counter set value = value + 1 where name = $1', [name]);
        if (++having === 2) bothHaveOne.resolve();
        await bothHaveOne.promise;
      }
    });
  const attempts = attemptsOn(db);
  await Promise.all([addTo('a', 'b'), addTo('b', 'a')]);
  assert.ok(attempts.count > 2, 'one of the two was chosen');
  assert.deepEqual((await db.query('select distinct value from counter')).rows, [{ value: 2 }]);
});

function emitterRow(emitter_id: string, boot: string): EmitterRow {
  return {
    ...{ emitter_id, boot, partition: 0, service: 'search', seen: 1, duplicates: 0, quarantined: 0, unnumbered: 0 },
    ...{ highest_seq: 1, last_event_seq: 1, pending: null, told_at: null, dropped: '{}' },
    ...{ started_at: null, closed_at: null },
  };
}
