import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { UsageEvent } from '@bursar/events/cloudevent';
import { eventually } from '../../infra/local/eventually.ts';
import { startService } from '../../infra/local/service-process.ts';
import { aggregatorEnv, sendUsage } from '../../test/harness/aggregator.ts';
import { freshDatabase } from '../../test/harness/database.ts';
import { freshTopics, truncatePartition } from '../../test/harness/kafka.ts';
import { ledgerSums, testPool, untilStored } from '../../test/harness/ledger.ts';
import { oracleOf, type TrafficKey, trafficKey, usageEvent } from '../../test/harness/traffic.ts';

const eventsOf = (key: TrafficKey, count: number) => Array.from({ length: count }, () => usageEvent(key));

test('a partition that is truncated under a running aggregator halts with the lost range; the others go on and stay exact', async () => {
  await using database = await freshDatabase('truncated');
  await using db = testPool(database.url);
  const kafka = await freshTopics();
  await using aggregator = await startService('services/aggregator/main.ts', aggregatorEnv(database.url, kafka));
  const keys = Array.from({ length: 8 }, trafficKey);
  const counted: UsageEvent[] = keys.flatMap((key) => eventsOf(key, 5));
  await sendUsage(kafka, counted);
  await untilStored(db, counted.length);
  const partitionOf = new Map<string, number>();
  for (const key of keys) {
    const { rows } = await db.query<{ partition: number }>(
      'select kafka_partition as partition from usage_event where event_id = $1',
      [counted.find((event) => event.subject === key.sha256)!.id],
    );
    partitionOf.set(key.sha256, rows[0]!.partition);
  }
  const victim = keys[0]!;
  const partition = partitionOf.get(victim.sha256)!;

  // While it stands still at most the first of these sends can be in an answer that Kafka has given already.
  aggregator.signal('SIGSTOP');
  const perhapsSeen = eventsOf(victim, 2);
  await sendUsage(kafka, perhapsSeen);
  const neverSeen = eventsOf(victim, 20);
  await sendUsage(kafka, neverSeen);
  const low = await truncatePartition(kafka, kafka.topics.usage.name, partition);
  const behind = eventsOf(victim, 3);
  await sendUsage(kafka, behind);
  aggregator.signal('SIGCONT');

  const told = await eventually('an incident about the hole', async () => {
    const { rows } = await db.query<{ subject: string; sentence: string; detail: { from: string; to: string } }>(
      `select subject, sentence, detail from incident where kind = 'hole'`,
    );
    return rows[0];
  });
  const { rows } = await db.query<{ next: string }>(
    'select next_offset as next from kafka_offset where partition = $1',
    [partition],
  );
  const expected = BigInt(rows[0]!.next);
  assert.deepEqual(
    { subject: told.subject, from: told.detail.from, to: told.detail.to },
    { subject: `${kafka.topics.usage.name}/${partition}`, from: String(expected), to: String(low - 1n) },
  );
  assert.ok(low - expected >= BigInt(neverSeen.length), 'all that was never read is in the range');
  assert.match(told.sentence, new RegExp(`offsets ${expected} to ${low - 1n} \\(${low - expected} records`));

  const elsewhere = keys.filter((key) => partitionOf.get(key.sha256) !== partition).flatMap((key) => eventsOf(key, 5));
  await sendUsage(kafka, elsewhere);
  const fromVictim = await storedOf(perhapsSeen);
  await untilStored(db, counted.length + fromVictim.length + elsewhere.length);
  const sums = oracleOf([...counted, ...fromVictim, ...elsewhere]);
  for (const [way, sum] of Object.entries(await ledgerSums(db))) assert.deepEqual(sum, sums, `by ${way}`);
  assert.deepEqual(await storedOf([...neverSeen, ...behind]), [], 'nothing at or behind the hole is counted');
  const incidents = await db.query('select 1 from incident');
  assert.equal(incidents.rowCount, 1, 'no other partition has an incident');
  const readiness = await (await fetch(`${aggregator.healthUrl}/readyz`)).text();
  assert.match(readiness, new RegExp(`partition ${partition} is halted`));

  async function storedOf(events: readonly UsageEvent[]): Promise<UsageEvent[]> {
    const ids = events.map((event) => event.id);
    const { rows } = await db.query<{ id: string }>(
      'select event_id as id from usage_event where event_id = any ($1::uuid[])',
      [ids],
    );
    const stored = new Set(rows.map((row) => row.id));
    return events.filter((event) => stored.has(event.id));
  }
});
