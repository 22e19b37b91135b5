import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createProducer } from '@bursar/bus/producer';
import type { UsageEvent } from '@bursar/events/cloudevent';
import { eventually } from '../../infra/local/eventually.ts';
import { startService } from '../../infra/local/service-process.ts';
import { aggregatorEnv, sendUsage } from '../harness/aggregator.ts';
import { freshDatabase, postgresAway } from '../harness/database.ts';
import { type FreshTopics, freshTopics } from '../harness/kafka.ts';
import { ledgerSums, testPool, untilStored } from '../harness/ledger.ts';
import { oracleOf, recordOf, trafficKey, usageEvent } from '../harness/traffic.ts';

const EVENTS = 6_000;

/** Sends events a few at a time; of every twentieth a second copy, later and perhaps to another consumer. */
async function sendWithDuplicates(kafka: FreshTopics, events: readonly UsageEvent[]): Promise<void> {
  const producer = createProducer({ brokers: kafka.brokers, clientId: 'test' });
  for (let start = 0; start < events.length; start += 100) {
    const slice = events.slice(start, start + 100);
    const again = Array.from({ length: 5 }, () => events[randomInt(0, start + slice.length)]!);
    await producer.send(kafka.topics.usage.name, [...slice, ...again].map(recordOf));
    await sleep(40);
  }
  await producer.disconnect();
}

test('sums equal the oracle to the last digit although aggregators are killed in mid-traffic and a twentieth comes twice', async () => {
  await using database = await freshDatabase('once');
  await using db = testPool(database.url);
  const kafka = await freshTopics();
  const env = aggregatorEnv(database.url, kafka);
  const keys = Array.from({ length: 30 }, trafficKey);
  const events = Array.from({ length: EVENTS }, (_, index) => usageEvent(keys[index % keys.length]!));

  const sending = sendWithDuplicates(kafka, events);
  for (let kill = 0; kill < 2; kill++) {
    await using aggregator = await startService('services/aggregator/main.ts', env);
    await eventually(`some events are stored before kill ${kill}`, async () => {
      const { rows } = await db.query('select count(*)::int as stored from usage_event');
      return rows[0].stored > 800 * (kill + 1);
    });
    await aggregator.kill('SIGKILL');
  }
  await using first = await startService('services/aggregator/main.ts', env);
  await using second = await startService('services/aggregator/main.ts', env);
  await sending;
  await untilStored(db, EVENTS);
  const { requests, ...expected } = oracleOf(events);
  for (const [way, sums] of Object.entries(await ledgerSums(db))) {
    assert.deepEqual(sums, { requests, ...expected }, `by ${way}`);
  }
  const { rows } = await db.query('select sum(seen)::int as seen, sum(duplicates)::int as duplicates from emitter_seq');
  assert.equal(rows[0].seen, EVENTS);
  for (const service of [first, second]) {
    assert.equal((await service.kill('SIGTERM')).code, 0, service.log());
  }
});

test('an aggregator waits while Postgres is away and goes on where it was, with nothing lost and nothing twice', async () => {
  await using database = await freshDatabase('away');
  await using db = testPool(database.url);
  const kafka = await freshTopics();
  await using aggregator = await startService('services/aggregator/main.ts', aggregatorEnv(database.url, kafka));
  const key = trafficKey();
  const events = Array.from({ length: 40 }, () => usageEvent(key));
  await sendUsage(kafka, events.slice(0, 10));
  await untilStored(db, 10);

  await using absence = await postgresAway(database.url);
  await sendUsage(kafka, events.slice(10));
  const waiting = await eventually('the aggregator is not ready', async () => {
    const response = await fetch(`${aggregator.healthUrl}/readyz`);
    return response.status === 503 && (await response.text());
  });
  assert.match(waiting, /not currently accepting connections/);
  await absence.end();
  await untilStored(db, 40);
  const expected = oracleOf(events);
  for (const [way, sums] of Object.entries(await ledgerSums(db))) assert.deepEqual(sums, expected, `by ${way}`);
  assert.equal((await aggregator.kill('SIGTERM')).code, 0, aggregator.log());
});
