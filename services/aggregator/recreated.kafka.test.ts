import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pool } from '@bursar/db/pool';
import type { UsageEvent } from '@bursar/events/cloudevent';
import { eventually } from '../../infra/local/eventually.ts';
import { startService } from '../../infra/local/service-process.ts';
import { aggregatorEnv, sendUsage } from '../../test/harness/aggregator.ts';
import { freshDatabase } from '../../test/harness/database.ts';
import { type FreshTopics, freshTopics, keepGroupOffset, recreateTopic } from '../../test/harness/kafka.ts';
import { testPool, untilStored } from '../../test/harness/ledger.ts';
import { trafficKey, usageEvent } from '../../test/harness/traffic.ts';

const AGGREGATOR = 'services/aggregator/main.ts';
const BEFORE = 10;
// One key: one partition, so that every record of a test is on the same one.
const key = trafficKey();
const events = (count: number) => Array.from({ length: count }, () => usageEvent(key));

/** Topics and a database whose aggregator has counted ten events of one partition, and runs. */
async function counting(name: string) {
  const onExit = new AsyncDisposableStack();
  const database = onExit.use(await freshDatabase(name));
  const db = onExit.use(testPool(database.url));
  const kafka = await freshTopics();
  const env = aggregatorEnv(database.url, kafka);
  const aggregator = onExit.use(await startService(AGGREGATOR, env));
  await sendUsage(kafka, events(BEFORE));
  await untilStored(db, BEFORE);
  const { rows } = await db.query<{ partition: number }>(
    'select distinct kafka_partition as partition from usage_event',
  );
  const { partition } = rows[0]!;
  return { db, kafka, env, aggregator, partition, [Symbol.asyncDispose]: () => onExit.disposeAsync() };
}

/** Waits until each of the events is in the ledger, or on a partition that an open incident says was made anew. */
async function countedOrNamed(db: Pool, kafka: FreshTopics, partition: number, sent: readonly UsageEvent[]) {
  const subject = `${kafka.topics.usage.name}/${partition}`;
  return await eventually('every record is counted or named in an incident', async () => {
    const { rows } = await db.query<{ counted: number; sentence: string | null }>(
      `select (select count(*)::int from usage_event where event_id = any ($1::uuid[])) as counted,
              (select sentence from incident
                where kind = 'log_rewritten' and subject = $2 and resolved_at is null) as sentence`,
      [sent.map((event) => event.id), subject],
    );
    const { counted, sentence } = rows[0]!;
    if (counted < sent.length && sentence === null)
      throw new Error(`${counted} of ${sent.length} records are counted, and no incident names the others`);
    return { counted, sentence };
  });
}

/** The topic is made anew while the aggregator is stopped, and gets more records than it had: all are counted, or none and it is said. */
async function madeAnew(
  name: string,
  beforeRestart: (ledger: Awaited<ReturnType<typeof counting>>) => Promise<void>,
): Promise<void> {
  await using ledger = await counting(name);
  const { db, kafka, env, aggregator, partition } = ledger;
  await aggregator.kill('SIGTERM');
  await recreateTopic(kafka, kafka.topics.usage.name);
  const sent = events(BEFORE + 15);
  await sendUsage(kafka, sent);
  await beforeRestart(ledger);
  await using _again = await startService(AGGREGATOR, env);
  const { counted } = await countedOrNamed(db, kafka, partition, sent);
  assert.ok(counted === 0 || counted === sent.length, `${counted} of ${sent.length} were counted: some, but not all`);
}

test('a topic that was made anew and holds more than before is not read on from where the old one ended', async () => {
  await madeAnew('anew', async () => {});
});

test('nor when the group still has its committed offset of the old topic', async () => {
  await madeAnew('anew_group', ({ kafka, partition }) =>
    keepGroupOffset(kafka, `${kafka.prefix}.aggregator`, partition, BEFORE),
  );
});

test('nor under an aggregator that stood still meanwhile', async () => {
  await using ledger = await counting('anew_running');
  const { db, kafka, partition, aggregator } = ledger;
  aggregator.signal('SIGSTOP');
  // Kafka answers the fetch that still waits with this, so that the next one is the first to meet the new topic.
  await sendUsage(kafka, events(1));
  await recreateTopic(kafka, kafka.topics.usage.name);
  const sent = events(BEFORE + 15);
  await sendUsage(kafka, sent);
  aggregator.signal('SIGCONT');
  const { counted } = await countedOrNamed(db, kafka, partition, sent);
  assert.ok(counted === 0 || counted === sent.length, `${counted} of ${sent.length} were counted: some, but not all`);
});
