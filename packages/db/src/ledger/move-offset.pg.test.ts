import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../../../../infra/local/eventually.ts';
import { freshDatabase } from '../../../../test/harness/database.ts';
import { testPool } from '../../../../test/harness/ledger.ts';
import type { Connection } from '../pool.ts';
import { inTransaction } from '../transaction.ts';
import { beginLog, rewindOffset, skipRecords, standingOffsets } from './move-offset.ts';

const topic = 'usage';
const at = { topic, partition: 3 };

/** Partition 3 stands at 100 and partition 4 at 7, on cluster `old`, after a record that is known. */
async function standing(name: string) {
  const onExit = new AsyncDisposableStack();
  const database = onExit.use(await freshDatabase(name));
  const db = onExit.use(testPool(database.url));
  await db.query(
    `insert into kafka_offset (topic, partition, cluster_id, next_offset, last_sha256, owner)
     values ('usage', 4, 'old', 7, sha256('b'), 'o'), ('usage', 3, 'old', 100, sha256('a'), 'o'), ('other', 3, 'old', 1, sha256('c'), 'o')`,
  );
  const rows = async () =>
    (
      await db.query(
        `select topic, partition, cluster_id, next_offset::int, last_sha256 is not null as verified, log
           from kafka_offset order by topic desc, partition`,
      )
    ).rows.map((row) => Object.values(row).join(' '));
  return {
    db,
    rows,
    move: <T>(work: (connection: Connection) => Promise<T>) => inTransaction(db, work),
    [Symbol.asyncDispose]: () => onExit.disposeAsync(),
  };
}
const UNTOUCHED = ['usage 4 old 7 true 1', 'other 3 old 1 true 1'];

test('a partition goes on behind a range that is lost, once, and only from where the range begins', async () => {
  await using it = await standing('skip');
  assert.equal(await it.move((connection) => skipRecords(connection, { ...at, from: 99n, to: 120n })), false);
  assert.equal(await it.move((connection) => skipRecords(connection, { ...at, from: 101n, to: 120n })), false);
  assert.deepEqual(await it.rows(), ['usage 3 old 100 true 1', ...UNTOUCHED]);
  assert.equal(await it.move((connection) => skipRecords(connection, { ...at, from: 100n, to: 120n })), true);
  assert.equal(await it.move((connection) => skipRecords(connection, { ...at, from: 100n, to: 120n })), false);
  assert.deepEqual(await it.rows(), ['usage 3 old 121 false 1', ...UNTOUCHED]);
});

test('another log begins at its first record, on its own cluster, and is told from the one before', async () => {
  await using it = await standing('begin');
  const begin = (partition: number) =>
    it.move((connection) => beginLog(connection, { topic, partition, clusterId: 'new', first: 5n }));
  assert.equal(await begin(3), true);
  assert.deepEqual(await it.rows(), ['usage 3 new 5 false 2', ...UNTOUCHED]);
  assert.equal(await begin(9), false, 'a partition that was never read');
  assert.deepEqual(await standingOffsets(it.db, topic), [
    { partition: 3, nextOffset: 5n, clusterId: 'new' },
    { partition: 4, nextOffset: 7n, clusterId: 'old' },
  ]);
});

test('a partition is read again from an earlier offset and never from a later one', async () => {
  await using it = await standing('rewind');
  const rewind = (to: bigint) => it.move((connection) => rewindOffset(connection, { ...at, to }));
  assert.equal(await rewind(101n), undefined);
  assert.equal(await rewind(100n), undefined);
  assert.deepEqual(await it.rows(), ['usage 3 old 100 true 1', ...UNTOUCHED]);
  assert.equal(await rewind(40n), 100n);
  assert.deepEqual(await it.rows(), ['usage 3 old 40 false 1', ...UNTOUCHED]);
});

test('what a batch commits while a person waits to rewind is known to the rewinding', async () => {
  await using it = await standing('rewind_race');
  let rewound: Promise<bigint | undefined> | undefined;
  await it.move(async (connection) => {
    await connection.query(`update kafka_offset set next_offset = 150 where topic = 'usage' and partition = 3`);
    rewound = it.move((other) => rewindOffset(other, { ...at, to: 120n }));
    // By another connection: within a transaction pg_stat_activity stays as it was first seen.
    await eventually('the other waits', async () => {
      const waits = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
      return (await it.db.query(waits)).rowCount === 1;
    });
  });
  assert.equal(await rewound, 150n);
});
