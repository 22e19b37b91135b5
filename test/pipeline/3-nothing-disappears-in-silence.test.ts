import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createProducer } from '@bursar/bus/producer';
import type { Pool } from '@bursar/db/pool';
import { eventually } from '../../infra/local/eventually.ts';
import { startService } from '../../infra/local/service-process.ts';
import { aggregatorEnv, sendUsage } from '../harness/aggregator.ts';
import { freshDatabase } from '../harness/database.ts';
import { expireRecords, freshTopics, recreateTopic } from '../harness/kafka.ts';
import { testPool, untilStored } from '../harness/ledger.ts';
import { trafficKey, usageEvent } from '../harness/traffic.ts';

const AGGREGATOR = 'services/aggregator/main.ts';
// One key: one partition, so that every record of a test is on the same one.
const key = trafficKey();
const events = (count: number) => Array.from({ length: count }, () => usageEvent(key));

/** A database and topics of which an aggregator has counted so many events, and has ended. */
async function counted(name: string, count: number) {
  const onExit = new AsyncDisposableStack();
  const database = onExit.use(await freshDatabase(name));
  const db = onExit.use(testPool(database.url));
  const kafka = await freshTopics();
  const env = aggregatorEnv(database.url, kafka);
  await using aggregator = await startService(AGGREGATOR, env);
  await sendUsage(kafka, events(count));
  await untilStored(db, count);
  await aggregator.kill('SIGTERM');
  return { db, kafka, env, [Symbol.asyncDispose]: () => onExit.disposeAsync() };
}

async function incident(db: Pool, kind: string): Promise<string> {
  return eventually(`an incident ${kind}`, async () => {
    const { rows } = await db.query<{ sentence: string }>('select sentence from incident where kind = $1', [kind]);
    return rows[0]?.sentence;
  });
}

async function storedCount(db: Pool): Promise<number> {
  return Number((await db.query('select count(*) from usage_event')).rows[0].count);
}

test('records that Kafka forgot before they were counted halt the partition with an incident that names the range', async () => {
  await using ledger = await counted('hole', 10);
  const { db, kafka, env } = ledger;
  await sendUsage(kafka, events(7));
  await expireRecords(kafka, kafka.topics.usage.name);
  await sendUsage(kafka, events(5));
  await using aggregator = await startService(AGGREGATOR, env);
  assert.match(await incident(db, 'hole'), /offsets 10 to 16 \(7 records/);
  const readiness = await eventually('readyz tells of the halt', async () => {
    const response = await fetch(`${aggregator.healthUrl}/readyz`);
    const body = await response.text();
    return body.includes('halted') && { status: response.status, body };
  });
  assert.equal(readiness.status, 503);
  assert.equal(await storedCount(db), 10, 'nothing behind the hole is counted');
});

test('a topic that was made anew halts the partition: its records are not taken for a replay', async () => {
  await using ledger = await counted('rewritten', 10);
  const { db, kafka, env } = ledger;
  await recreateTopic(kafka, kafka.topics.usage.name);
  await sendUsage(kafka, events(4));
  await using _aggregator = await startService(AGGREGATOR, env);
  assert.match(await incident(db, 'log_rewritten'), /4 records below offset 10/);
  assert.equal(await storedCount(db), 10);
});

test('offsets of another cluster are never mixed with those of this one', async () => {
  await using ledger = await counted('cluster', 3);
  const { db, kafka, env } = ledger;
  await db.query(`update kafka_offset set cluster_id = 'elsewhere'`);
  await sendUsage(kafka, events(3));
  await using _aggregator = await startService(AGGREGATOR, env);
  assert.match(await incident(db, 'other_cluster'), /cluster elsewhere/);
  assert.equal(await storedCount(db), 3);
});

test('what cannot be counted goes to quarantine with its reason, and the partition moves on', async () => {
  await using database = await freshDatabase('quarantine');
  await using db = testPool(database.url);
  const kafka = await freshTopics();
  await using _aggregator = await startService(AGGREGATOR, aggregatorEnv(database.url, kafka));
  const producer = createProducer({ brokers: kafka.brokers, clientId: 'bursar-test' });
  const hostile = [
    '{',
    '',
    'x'.repeat(300_000),
    '{"type":"dev.bursar.usage.v1","__proto__":{"a":1}}',
    '{"type":"dev.bursar.usage.v9"}',
  ];
  await producer.send(
    kafka.topics.usage.name,
    hostile.map((value) => ({ key: key.sha256, value })),
  );
  await producer.disconnect();
  await sendUsage(kafka, events(2));
  await untilStored(db, 2);
  const { rows } = await db.query<{ reason: string }>('select reason from quarantine order by kafka_offset');
  assert.deepEqual(
    rows.map((row) => row.reason),
    ['not_json', 'empty', 'too_large', 'unknown_type', 'unknown_type'],
  );
  await eventually('the quarantine topic has them too', async () => {
    const waiting = await db.query('select 1 from quarantine where published_at is null');
    return waiting.rowCount === 0;
  });
});
