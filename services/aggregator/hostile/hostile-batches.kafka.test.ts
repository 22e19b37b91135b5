import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../../../infra/local/eventually.ts';
import { compressedSender, zeros } from '../../../packages/bus/test/crafted-batch.ts';
import { setTopic } from '../../../packages/bus/test/one-partition.ts';
import { trafficKey } from '../../../test/harness/traffic.ts';
import { attacked, goodEvents, metricOf, readyzSays, untilExactly } from './attacked.ts';

const victim = trafficKey();
const MEBIBYTE = 1024 ** 2;

test('a record of ten megabytes and a batch that inflates to a gigabyte are quarantined unread, and all beside them counts', async () => {
  await using ledger = await attacked('large');
  const { kafka } = ledger;
  const topic = { kafka: { brokers: kafka.brokers, clientId: 'bursar-test' }, topic: kafka.topics.usage.name };
  await setTopic(topic, { 'max.message.bytes': String(12 * MEBIBYTE) });
  const good = goodEvents(victim, 6);
  await ledger.send(good.records.slice(0, 2));
  await ledger.send([{ key: 'k', value: Buffer.alloc(10 * MEBIBYTE, 0x20) }]);
  await ledger.send(good.records.slice(2, 4));
  await compressedSender(topic, await zeros(1024 ** 3), 1);
  await ledger.send(good.records.slice(4));
  const aggregator = await ledger.start();
  await untilExactly(ledger.db, good.events);
  const { rows } = await ledger.db.query(
    'select kafka_offset, reason, record_bytes, length(record) as kept from quarantine order by 1',
  );
  assert.deepEqual(rows, [
    { kafka_offset: '2', reason: 'too_large', record_bytes: 10 * MEBIBYTE, kept: 16_384 },
    { kafka_offset: '5', reason: 'unreadable_batch', record_bytes: 0, kept: 0 },
  ]);
  assert.equal(await metricOf(aggregator, 'bursar_quarantined_total{reason="unreadable_batch"'), 1);
  const residentBytes = await metricOf(aggregator, 'process_resident_memory_bytes');
  assert.ok(residentBytes < 600 * MEBIBYTE, `${Math.round(residentBytes / MEBIBYTE)} MiB`);
});

test('a bomb that says it holds thousands of records halts its partition alone, with an incident that names codec and offsets', async () => {
  await using ledger = await attacked('bomb');
  const { kafka, db } = ledger;
  const topic = { kafka: { brokers: kafka.brokers, clientId: 'bursar-test' }, topic: kafka.topics.usage.name };
  const before = goodEvents(victim, 2);
  const elsewhere = goodEvents(victim, 5);
  await ledger.send(before.records);
  await compressedSender(topic, await zeros(64 * MEBIBYTE, 6_000), 6_000);
  const aggregator = await ledger.start();
  await ledger.send(elsewhere.records, 1);
  await untilExactly(db, [...before.events, ...elsewhere.events]);
  const sentence = await eventually('an incident', async () => {
    const { rows } = await db.query(`select sentence from incident where kind = 'unreadable_batch'`);
    return rows[0]?.sentence as string | undefined;
  });
  assert.match(
    sentence,
    /6000 records from offset 2 on can't be counted: the zstd batch of offsets 2 to 6001 .* more than/,
  );
  await readyzSays(aggregator, /partition 0 is halted/);
});

test('events that a producer in another language compressed count like all others', async () => {
  await using ledger = await attacked('foreign');
  const { kafka } = ledger;
  const topic = { kafka: { brokers: kafka.brokers, clientId: 'bursar-test' }, topic: kafka.topics.usage.name };
  const all = [];
  for (const compression of ['snappy', 'lz4', 'zstd', 'gzip']) {
    await setTopic(topic, { 'compression.type': compression });
    const good = goodEvents(victim, 300);
    await ledger.send(good.records);
    all.push(...good.events);
  }
  await ledger.start();
  await untilExactly(ledger.db, all);
  assert.equal((await ledger.db.query('select 1 from quarantine')).rowCount, 0);
});
