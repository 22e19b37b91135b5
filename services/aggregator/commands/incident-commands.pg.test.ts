import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openIncident } from '@bursar/db/inbox/incident';
import type { Pool } from '@bursar/db/pool';
import { type AggregatorRequest, submitAggregatorRequest } from '@bursar/db/report/command';
import { freshDatabase } from '../../../test/harness/database.ts';
import { testPool } from '../../../test/harness/ledger.ts';
import { hole, type LogTrouble, logEndsBefore, otherCluster } from '../log-trouble.ts';
import { consumeCommands } from './consume-commands.ts';
import { replay } from './replay.ts';
import { resolveForPerson } from './resolve-incident.ts';
import type { UsageLog } from './usage-log.ts';

const topic = 'bursar.usage.v1';
const DAY_MS = 86_400_000;
const NOW_MS = Date.parse('2026-11-24T12:00:00Z');

/** A Kafka whose partitions hold offsets 20 to 200, one a quarter of an hour until now. */
const log: UsageLog = {
  topic,
  clusterId: 'here',
  watermarks: async () => [0, 1, 2].map((partition) => ({ partition, low: 20n, high: 200n })),
  offsetsAt: async (atMs) => {
    const offset = 200n - BigInt(Math.ceil((NOW_MS - atMs) / 900_000));
    return new Map([0, 1, 2].map((partition) => [partition, offset < 20n ? 20n : offset > 200n ? 200n : offset]));
  },
};

/** A ledger that stands at 100 on partitions 0 and 1 of the cluster `here`. */
async function ledger(name: string, usage: UsageLog = log) {
  const onExit = new AsyncDisposableStack();
  const database = onExit.use(await freshDatabase(name));
  const db = onExit.use(testPool(database.url));
  await db.query(
    `insert into kafka_offset (topic, partition, cluster_id, next_offset, owner) values ($1, 0, 'here', 100, 'o'), ($1, 1, 'here', 100, 'o')`,
    [topic],
  );
  const kinds = [resolveForPerson(usage), replay(usage, () => NOW_MS)];
  return {
    db,
    halt: (trouble: LogTrouble, partition = 0) => openIncident(db, { ...trouble, subject: `${topic}/${partition}` }),
    ask: async (request: Omit<AggregatorRequest, 'reason'>): Promise<string> => {
      const id = await submitAggregatorRequest(db, { ...request, reason: 'ticket 4711' } as AggregatorRequest);
      // Another login than the aggregator's.
      await db.query(`update command set actor = 'olga' where command_id = $1`, [id]);
      await consumeCommands(db, kinds);
      return (await db.query('select outcome from command where command_id = $1', [id])).rows[0].outcome;
    },
    [Symbol.asyncDispose]: () => onExit.disposeAsync(),
  };
}

const resolve = (incidentId: string, accept = false) =>
  ({ kind: 'incident_resolve', arguments: { incidentId, accept } }) as const;
type From = Extract<AggregatorRequest, { kind: 'replay' }>['arguments'];
const from = (given: From) => ({ kind: 'replay', arguments: given }) as const;

async function offsets(db: Pool): Promise<string> {
  const { rows } = await db.query('select next_offset, cluster_id, log from kafka_offset order by partition');
  return rows.map(({ next_offset, cluster_id, log }) => `${next_offset} ${cluster_id} ${log}`).join(', ');
}
async function resolutions(db: Pool): Promise<string[]> {
  const { rows } = await db.query(`select resolution, resolved_by = 'olga' as own from incident order by incident_id`);
  return rows.map(({ resolution, own }) =>
    resolution === null ? 'open' : `${own ? 'own' : 'foreign'}: ${resolution}`,
  );
}

test('a hole is skipped only when its loss is accepted; who did it, why, and from where to where is written down', async () => {
  await using it = await ledger('hole');
  await it.halt(hole(100n, 105n, 1));
  assert.match(await it.ask(resolve('1')), /^to decide: 5 records \(offsets 100 to 104\) will never .* --accept-loss$/);
  assert.equal(await offsets(it.db), '100 here 1, 100 here 1');
  assert.deepEqual(await resolutions(it.db), ['open']);
  assert.equal((await it.db.query('select from audit_pending')).rowCount, 0);

  assert.match(await it.ask(resolve('1', true)), /^incident 1 .* is resolved\n5 records .* goes on at offset 105$/);
  assert.equal(await offsets(it.db), '105 here 1, 100 here 1');
  assert.match(
    (await resolutions(it.db))[0]!,
    /^own: ticket 4711; 5 records \(offsets 100 to 104\) will never be counted/,
  );
  const { rows } = await it.db.query(
    `select action, target, reason, actor = 'olga' as own, evidence from audit_pending`,
  );
  const { evidence, ...entry } = rows[0];
  assert.deepEqual(entry, { action: 'incident.resolve', target: 'incident/1', reason: 'ticket 4711', own: true });
  assert.deepEqual(
    {
      skipped: evidence.skipped,
      stoodAt: evidence.stoodAt,
      clusterId: evidence.clusterId,
      goesOnAt: evidence.goesOnAt,
    },
    {
      ...{ skipped: { from: '100', to: '104' }, stoodAt: { nextOffset: '100', clusterId: 'here' } },
      ...{ clusterId: 'here', goesOnAt: '105' },
    },
  );
  assert.match(await it.ask(resolve('1', true)), /^refused: incident 1 was resolved already, by /);
  assert.match(await it.ask(resolve('9')), /^refused: there is no incident 9/);
});

test('where the partition was moved meanwhile nothing is skipped, and the incident can still be closed', async () => {
  await using it = await ledger('moved');
  await it.halt(hole(90n, 95n, 1));
  assert.match(
    await it.ask(resolve('1', true)),
    /^refused: partition 0 was moved meanwhile: it stands at offset 100, not/,
  );
  assert.deepEqual(await resolutions(it.db), ['open']);
  assert.match(await it.ask(resolve('1')), /is resolved\n.*moved meanwhile/);
  assert.equal(await offsets(it.db), '100 here 1, 100 here 1');
});

test('a hole in a log that is another one as well is not skipped before that is resolved', async () => {
  await using it = await ledger('both');
  await it.halt(hole(100n, 105n, 1));
  await it.halt(logEndsBefore(100n, 50n));
  assert.match(await it.ask(resolve('1', true)), /^refused: the log is another one as well/);
  assert.match(await it.ask(resolve('2')), /is resolved/);
  assert.match(await it.ask(resolve('1')), /moved meanwhile: it stands at offset 20/);
});

test('a rewritten log is begun at its first record, unless the ledger was read on since', async () => {
  await using it = await ledger('rewritten');
  await it.halt(logEndsBefore(100n, 50n));
  await it.halt(logEndsBefore(99n, 50n), 1);
  const outcome = await it.ask(resolve('1'));
  assert.match(outcome, /offset 20: 180 records, .*What the old log held from offset 100 on was never read/);
  assert.match(await it.ask(resolve('2')), /nothing was moved: partition 1 was read on since, up to offset 100/);
  assert.equal(await offsets(it.db), '20 here 2, 100 here 1');
});

test('on another cluster its log is begun; where the configuration was corrected the incident is only closed', async () => {
  await using it = await ledger('cluster');
  await it.db.query(`update kafka_offset set cluster_id = 'there' where partition = 0`);
  for (const partition of [0, 1])
    await it.halt(otherCluster({ clusterId: 'there', nextOffset: 100n }, 'here'), partition);
  assert.match(await it.ask(resolve('1')), /partition 0 is read from the beginning of the present log, offset 20/);
  assert.match(
    await it.ask(resolve('2')),
    /nothing was moved: this aggregator reads the cluster that the ledger knows/,
  );
  assert.equal(await offsets(it.db), '20 here 2, 100 here 1');
});

test('an incident that halts nothing is closed with the reason alone, and one of another topic is refused', async () => {
  await using it = await ledger('others');
  await openIncident(it.db, { kind: 'emitter_silent', subject: 'search/1', sentence: 'It is silent.' });
  await openIncident(it.db, { ...hole(1n, 2n, 1), subject: 'elsewhere.usage.v1/0' });
  assert.equal(await it.ask(resolve('1')), 'incident 1 (emitter_silent, search/1) is resolved');
  assert.match(await it.ask(resolve('2', true)), /^refused: .*elsewhere.usage.v1\/0, which this aggregator never read/);
  assert.deepEqual(await resolutions(it.db), ['own: ticket 4711', 'open']);
});

test('while Kafka does not answer nothing is resolved and the command waits', async () => {
  const watermarks = () => Promise.reject(new Error('no broker'));
  await using it = await ledger('away', { ...log, watermarks });
  await it.halt(logEndsBefore(100n, 50n));
  await assert.rejects(it.ask(resolve('1')), /no broker/);
  assert.deepEqual([await offsets(it.db), await resolutions(it.db)], ['100 here 1, 100 here 1', ['open']]);
  assert.equal((await it.db.query('select from command where done_at is null')).rowCount, 1);
});

test('a replay goes back and never forward, on one partition or all, and tells how far', async () => {
  await using it = await ledger('replay');
  assert.equal(
    await it.ask(from({ from: { offset: '60' }, partition: 1 })),
    '40 records are read again; those that are known count once\npartition 1 is read again from offset 60, it stood at 100: 40 records',
  );
  assert.match(
    await it.ask(from({ from: { offset: '60' }, partition: 1 })),
    /^refused: nothing is read again\n.*not after 60/,
  );
  assert.match(
    await it.ask(from({ from: { offset: '5' }, partition: 1 })),
    /from offset 20, .*: 40 records; .*Kafka has nothing before/,
  );
  assert.equal(await offsets(it.db), '100 here 1, 20 here 1');
  const at = new Date(NOW_MS - 110 * 900_000).toISOString();
  assert.match(
    await it.ask(from({ from: { time: at } })),
    /^10 records .*\npartition 0 .* offset 90, .*\npartition 1 is left alone/,
  );
  assert.match(await it.ask(from({ from: 'earliest' })), /^70 records/);
  assert.equal(await offsets(it.db), '20 here 1, 20 here 1');
  const { rows } = await it.db.query('select evidence from audit_pending order by audit_pending_id');
  assert.deepEqual(rows[0].evidence.replayed, [{ partition: 1, from: '60', stoodAt: '100' }]);
});

test('a replay goes no further back than ids are remembered, and says so', async () => {
  const offsetsAt: UsageLog['offsetsAt'] = async (atMs) =>
    new Map([0, 1].map((partition) => [partition, atMs < NOW_MS - 11 * DAY_MS ? 20n : 70n]));
  await using it = await ledger('window', { ...log, offsetsAt });
  const outcome = await it.ask(from({ from: 'earliest', partition: 0 }));
  assert.match(
    outcome,
    /from offset 70, it stood at 100: 30 records; not from before 70: what is older could not be told/,
  );
  const old = new Date(NOW_MS - 12 * DAY_MS).toISOString();
  assert.match(await it.ask(from({ from: { time: old }, partition: 1 })), /from offset 70/);
});

test('a replay leaves halted partitions, other clusters and what was never read alone', async () => {
  await using it = await ledger('halted');
  await it.halt(hole(100n, 105n, 1));
  await it.db.query(`update kafka_offset set cluster_id = 'there' where partition = 1`);
  const outcome = await it.ask(from({ from: 'earliest' }));
  assert.match(
    outcome,
    /^refused: nothing .*\npartition 0 .*halted by an open incident.*\npartition 1 .*not on this cluster$/,
  );
  assert.match(await it.ask(from({ from: 'earliest', partition: 2 })), /^refused: partition 2 .* was never read$/);
  assert.match(await it.ask(from({ from: { offset: '7' } })), /^refused: arguments are /);
  assert.equal(await offsets(it.db), '100 here 1, 100 there 1');
});
