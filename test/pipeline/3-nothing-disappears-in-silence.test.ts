import assert from 'node:assert/strict';
import { test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { createProducer, type RecordOut } from '@bursar/bus/producer';
import type { Pool } from '@bursar/db/pool';
import { loadCompleteness } from '@bursar/db/report/completeness';
import { createMeter } from '@bursar/emitter';
import { uuidV7 } from '@bursar/events/uuid-v7';
import { eventually } from '../../infra/local/eventually.ts';
import { startService } from '../../infra/local/service-process.ts';
import { aggregatorEnv, sendUsage } from '../harness/aggregator.ts';
import { freshDatabase } from '../harness/database.ts';
import { call, type Installation, install } from '../harness/installation.ts';
import { expireRecords, freshTopics, recreateTopic } from '../harness/kafka.ts';
import { testPool, untilStored } from '../harness/ledger.ts';
import { relay, takeRecords } from '../harness/relay.ts';
import { trafficKey, usageEvent } from '../harness/traffic.ts';

const DAY_MS = 86_400_000;
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
  assert.match(await incident(db, 'log_rewritten'), /read up to offset 10, but the log ends at 4/);
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

test('a record in quarantine counts once, also when its partition is read again from the beginning', async () => {
  await using ledger = await counted('quarantine_again', 3);
  const { db, kafka, env } = ledger;
  const tooOld = { ...usageEvent(key), id: uuidV7(Date.now() - 11 * DAY_MS) };
  await sendUsage(kafka, [tooOld]);
  const books = async () => {
    const { rows } = await db.query(
      'select sum(seen)::int as seen, sum(quarantined)::int as quarantined from emitter_seq',
    );
    return rows[0];
  };
  const once = await startService(AGGREGATOR, env);
  await eventually('it is in quarantine', async () => (await db.query('select 1 from quarantine')).rowCount === 1);
  await once.kill('SIGTERM');
  assert.deepEqual(await books(), { seen: 3, quarantined: 1 });
  await db.query('delete from kafka_offset');
  // With a record that is new: Kafka's own offset is at the end, and the partition is read only when something comes.
  await sendUsage(kafka, events(1));
  await using _again = await startService(AGGREGATOR, env);
  await eventually('all four are read again', async () => {
    const { rows } = await db.query('select sum(duplicates)::int as duplicates from emitter_seq');
    return rows[0].duplicates === 4;
  });
  assert.deepEqual(await books(), { seen: 4, quarantined: 1 });
});

/** Aggregator and scheduler that judge holes each second, as soon as these are a second old. */
async function watching(name: string): Promise<Installation> {
  const it = await install(name, [{ name: 'search', workspace: 'Production' }]);
  await it.start('aggregator');
  await it.start('scheduler', {
    BURSAR_CRON_HOLES: '* * * * * *',
    BURSAR_CRON_LIVENESS: '* * * * * *',
    BURSAR_HOLE_AFTER: '1s',
    BURSAR_EMITTER_SILENT_AFTER: '3s',
  });
  return it;
}

/** The columns of all services and hours together. */
async function sumOfBooks(db: Pool) {
  const range = { from: new Date(Date.now() - 2 * DAY_MS), to: new Date(Date.now() + DAY_MS) };
  const rows = await loadCompleteness(db, { by: [], range, silentBefore: new Date(0) });
  const { emitted, counted, missing, onTheWay } = rows[0]!;
  return { emitted, counted, missing, onTheWay };
}

test('records that vanish between emitter and ledger are missing to the number, and an incident names them until they arrive', async () => {
  await using it = await watching('vanished');
  const elsewhere = await freshTopics();
  const meter = createMeter({
    service: 'search',
    role: 'USER',
    kafka: { brokers: elsewhere.brokers },
    topicPrefix: elsewhere.prefix,
  });
  const anthropic = new Anthropic({
    apiKey: it.emulator.secretOf('search'),
    baseURL: it.emulator.url,
    maxRetries: 0,
    middleware: [meter.middleware],
  });
  for (let count = 0; count < 12; count++) await call(anthropic, 10);
  await meter.close(5_000);

  const records = await takeRecords(elsewhere, elsewhere.topics.usage.name);
  const vanish = (record: RecordOut) => [4, 5, 9].includes(JSON.parse(String(record.value)).data.emitter.seq);
  const vanished = records.filter(vanish);
  assert.equal(vanished.length, 3);
  await relay(
    records.filter((record) => !vanish(record)),
    it.kafka,
  );
  const sentence = await incident(it.db, 'events_missing');
  assert.match(
    sentence,
    /^3 requests that the emitter search\/\S+ of search numbered .* Numbers without a record: 4 to 5, 9\.$/,
  );
  assert.deepEqual(await sumOfBooks(it.db), { emitted: 12, counted: 9, missing: 3, onTheWay: 0 });

  await relay(vanished, it.kafka);
  await eventually('the incident is closed', async () => {
    const { rows } = await it.db.query(`select resolution from incident where resolved_at is not null`);
    return rows[0]?.resolution === 'what was missing has arrived';
  });
  assert.deepEqual(await sumOfBooks(it.db), { emitted: 12, counted: 12, missing: 0, onTheWay: 0 });
});

test('a deploy pages nobody: what ends with a goodbye and has sent all is no incident', async () => {
  await using it = await watching('deploy');
  for (let pod = 0; pod < 3; pod++) {
    const { anthropic, meter } = it.client('search', { service: 'search', role: 'USER' });
    for (let count = 0; count < 4; count++) await call(anthropic, 10);
    await meter.close(5_000);
  }
  await untilStored(it.db, 12);
  await eventually('each boot has said goodbye', async () => {
    const { rows } = await it.db.query('select 1 from emitter_seq where closed_at is not null');
    return rows.length === 3;
  });
  await eventually('an emitter without a goodbye would be silent by now', async () => {
    const { rows } = await it.db.query(
      `select min(marked_at) > (select max(last_seen_at) from emitter_seq) + interval '3 seconds' as late from kafka_mark`,
    );
    return rows[0].late === true;
  });
  const looks = async (job: string) =>
    Number(
      (await it.db.query(`select count(*) from cron_fire where job = $1 and outcome = 'ok'`, [job])).rows[0].count,
    );
  for (const job of ['holes', 'liveness']) {
    const before = await looks(job);
    await eventually(`two more looks of ${job}`, async () => (await looks(job)) >= before + 2);
  }
  assert.equal((await it.db.query('select 1 from incident')).rowCount, 0);
  assert.deepEqual(await sumOfBooks(it.db), { emitted: 12, counted: 12, missing: 0, onTheWay: 0 });
});
