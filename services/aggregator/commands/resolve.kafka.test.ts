import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runHere } from '@bursar/cli/testing/run-cli';
import type { Pool } from '@bursar/db/pool';
import type { UsageEvent } from '@bursar/events/cloudevent';
import { eventually } from '../../../infra/local/eventually.ts';
import { type ServiceProcess, startService } from '../../../infra/local/service-process.ts';
import { compressedSender, zeros } from '../../../packages/bus/test/crafted-batch.ts';
import { aggregatorEnv, sendUsage } from '../../../test/harness/aggregator.ts';
import { freshDatabase } from '../../../test/harness/database.ts';
import { freshTopics, keepGroupOffset, recreateTopic, truncatePartition } from '../../../test/harness/kafka.ts';
import { ledgerSums, testPool, untilStored } from '../../../test/harness/ledger.ts';
import { oracleOf, trafficKey, usageEvent } from '../../../test/harness/traffic.ts';
import { untilExactly } from '../hostile/attacked.ts';

const AGGREGATOR = 'services/aggregator/main.ts';
const MEBIBYTE = 1024 ** 2;
// One key: one partition, so that every record of a test is on the same one.
const key = trafficKey();
const events = (count: number) => Array.from({ length: count }, () => usageEvent(key));

/** Topics, a database and an aggregator that has counted these events and runs. */
async function counting(name: string, sent: readonly UsageEvent[]) {
  const onExit = new AsyncDisposableStack();
  const database = onExit.use(await freshDatabase(name));
  const db = onExit.use(testPool(database.url));
  const kafka = await freshTopics();
  const env = aggregatorEnv(database.url, kafka);
  const start = async () => onExit.use(await startService(AGGREGATOR, env));
  const aggregator = await start();
  await sendUsage(kafka, sent);
  await untilStored(db, sent.length);
  const { rows } = await db.query<{ partition: number }>(
    'select distinct kafka_partition as partition from usage_event',
  );
  return {
    ...{ db, kafka, aggregator, start, partition: rows[0]!.partition },
    bursar: (...args: string[]) => runHere(args, database.url),
    [Symbol.asyncDispose]: () => onExit.disposeAsync(),
  };
}

async function openIncidentOf(db: Pool, kind: string): Promise<string> {
  return await eventually(`an open incident ${kind}`, async () => {
    const { rows } = await db.query('select incident_id as id from incident where kind = $1 and resolved_at is null', [
      kind,
    ]);
    return rows[0]?.id as string | undefined;
  });
}

async function untilReady(aggregator: ServiceProcess): Promise<void> {
  await eventually(
    '/readyz is 200',
    async () => (await fetch(`${aggregator.healthUrl}/readyz`)).status === 200,
    30_000,
  );
}

async function duplicatesOf(aggregator: ServiceProcess): Promise<number> {
  const metrics = await (await fetch(`${aggregator.healthUrl}/metrics`)).text();
  return Number(/^bursar_events_total\{result="duplicate".*\} (\d+)$/m.exec(metrics)?.[1] ?? 0);
}

test('after a hole a person is told what is lost, accepts it, and the partition goes on at once; all the rest is exact', async () => {
  const before = events(10);
  await using it = await counting('resolve_hole', before);
  const { db, kafka, partition, aggregator, bursar } = it;
  await aggregator.kill('SIGTERM');
  await sendUsage(kafka, events(4));
  await truncatePartition(kafka, kafka.topics.usage.name, partition);
  const behind = events(3);
  await sendUsage(kafka, behind);
  const again = await it.start();
  const id = await openIncidentOf(db, 'hole');

  const shown = await bursar('incidents', 'show', id);
  assert.match(shown.stdout, /offsets 10 to 13, 4 in all[\s\S]*bursar incidents resolve 1 --accept-loss --reason/);
  const asked = await bursar('incidents', 'resolve', id, '--reason', 'ticket 4711');
  assert.equal(asked.code, 3, asked.stderr);
  assert.match(
    asked.stdout,
    /^to decide: 4 records \(offsets 10 to 13\) will never be counted .* add --accept-loss\n$/,
  );
  await openIncidentOf(db, 'hole');
  const resolved = await bursar('incidents', 'resolve', id, '--accept-loss', '--reason', 'ticket 4711');
  assert.equal(resolved.code, 0, resolved.stdout + resolved.stderr);
  assert.match(resolved.stdout, /incident 1 \(hole, .*\) is resolved\n4 records .* goes on at offset 14\n$/);

  await untilExactly(db, [...before, ...behind]);
  await untilReady(again);
  assert.match((await bursar('incidents')).stderr, /No incident is open/);
  assert.match((await bursar('incidents', 'resolve', id, '--reason', 'x')).stdout, /^refused: .* was resolved already/);
});

test('a batch that nobody can read is skipped for good, also for a process that begins before it again', async () => {
  const before = events(2);
  await using it = await counting('resolve_batch', before);
  const { db, kafka, partition, aggregator, bursar } = it;
  const topic = { kafka: { brokers: kafka.brokers, clientId: 'bursar-test' }, topic: kafka.topics.usage.name };
  await compressedSender(topic, await zeros(64 * MEBIBYTE, 6_000), 6_000, partition);
  const behind = events(3);
  await sendUsage(kafka, behind);
  const id = await openIncidentOf(db, 'unreadable_batch');
  const resolved = await bursar('incidents', 'resolve', id, '--accept-loss', '--reason', 'a load test');
  assert.match(resolved.stdout, /6000 records \(offsets 2 to 6001\) will never be counted/);
  await untilExactly(db, [...before, ...behind]);
  await untilReady(aggregator);

  await aggregator.kill('SIGTERM');
  await keepGroupOffset(kafka, `${kafka.prefix}.aggregator`, partition, 0);
  const again = await it.start();
  const later = events(2);
  await sendUsage(kafka, later);
  await untilExactly(db, [...before, ...behind, ...later]);
  await untilReady(again);
  assert.match((await bursar('incidents')).stderr, /No incident is open/);
});

test('after a topic was made anew every record of the new log is counted once a person says so', async () => {
  const before = events(10);
  await using it = await counting('resolve_anew', before);
  const { db, kafka, aggregator, bursar } = it;
  await aggregator.kill('SIGTERM');
  await recreateTopic(kafka, kafka.topics.usage.name);
  const anew = [...before.slice(0, 2), ...events(15)];
  await sendUsage(kafka, anew);
  const again = await it.start();
  const id = await openIncidentOf(db, 'log_rewritten');
  const resolved = await bursar('incidents', 'resolve', id, '--reason', 'the topic was deleted by mistake');
  assert.equal(resolved.code, 0, resolved.stdout + resolved.stderr);
  assert.match(
    resolved.stdout,
    /from the beginning of the present log, offset 0: 17 records.*old log held from offset 10 on was never read/,
  );
  await untilExactly(db, [...before, ...anew]);
  await untilReady(again);
});

test('a replay takes effect on idle partitions at once and changes no sum; a process that has read nothing yet follows too', async () => {
  const sent = events(40);
  await using it = await counting('replay', sent);
  const { db, kafka, aggregator, bursar, partition } = it;
  const sums = await ledgerSums(db);
  const replayed = await bursar('replay', '--from', 'earliest', '--reason', 'to be sure');
  assert.equal(replayed.code, 0, replayed.stdout + replayed.stderr);
  assert.match(
    replayed.stdout,
    new RegExp(
      `^40 records are read again.*\npartition ${partition} is read again from offset 0, it stood at 40: 40 records\n$`,
      'm',
    ),
  );
  const standsAgain = () =>
    eventually('the partition stands where it stood', async () => {
      const { rows } = await db.query('select next_offset from kafka_offset where partition = $1', [partition]);
      return rows[0].next_offset === '40';
    });
  await standsAgain();
  await eventually('duplicates are counted', async () => (await duplicatesOf(aggregator)) === 40);
  assert.deepEqual(await ledgerSums(db), sums);

  await aggregator.kill('SIGTERM');
  await keepGroupOffset(kafka, `${kafka.prefix}.aggregator`, partition, 40);
  const again = await it.start();
  await untilReady(again);
  const part = await bursar('replay', '--from', '30', '--partition', String(partition), '--reason', 'to be sure');
  assert.match(part.stdout, /^10 records are read again/, part.stderr);
  await standsAgain();
  await eventually('duplicates are counted', async () => (await duplicatesOf(again)) === 10);
  for (const [way, sum] of Object.entries(await ledgerSums(db))) assert.deepEqual(sum, oracleOf(sent), way);

  const forward = await bursar('replay', '--from', '41', '--partition', String(partition), '--reason', 'x');
  assert.deepEqual([forward.code, forward.stdout.split('\n')[0]], [1, 'refused: nothing is read again']);
  const recent = await bursar('replay', '--from', '1h', '--reason', 'by time');
  assert.match(recent.stdout, /^40 records are read again/, recent.stderr);
  await standsAgain();
  const { rows } = await db.query(`select action, reason from audit_pending order by audit_pending_id`);
  assert.deepEqual(
    rows.map(({ action, reason }) => `${action}: ${reason}`),
    ['ledger.replay: to be sure', 'ledger.replay: to be sure', 'ledger.replay: by time'],
  );
});
