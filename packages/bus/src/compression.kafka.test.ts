import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { compressedSender, zeros } from '../test/crafted-batch.ts';
import { onePartition, readRecords } from '../test/one-partition.ts';
import { MOST_INFLATED_BYTES, MOST_UNREADABLE_RECORDS } from './compression.ts';
import { createProducer } from './producer.ts';

// What compresses well, what does not, and what takes several blocks of each format.
const VALUES = [
  ...Array.from({ length: 400 }, (_, index) =>
    JSON.stringify({ index, model: 'claude-haiku-4-5', outcome: 'complete' }),
  ),
  randomBytes(1_000).toString('base64'),
  'x'.repeat(300_000),
  randomBytes(150_000).toString('base64'),
  ' ',
];

// The broker writes batches anew with its own libraries, which are those of the Java clients.
for (const compression of ['gzip', 'snappy', 'lz4', 'zstd']) {
  test(`records that ${compression} compressed are read as they were sent`, async () => {
    const topic = await onePartition({ 'compression.type': compression });
    const producer = createProducer(topic.kafka);
    await producer.send(
      topic.topic,
      VALUES.map((value) => ({ key: 'k', value, headers: { h: 'v' } })),
    );
    await producer.disconnect();
    const records = await readRecords(topic, VALUES.length);
    assert.deepEqual(
      records.map((record) => record.value?.toString()),
      VALUES,
    );
    assert.ok(records.every((record) => record.unreadable === undefined));
  });
}

test('a batch that would become a gigabyte is not read, each of its records says why, and those around it are', async () => {
  const topic = await onePartition();
  const producer = createProducer(topic.kafka);
  await producer.send(topic.topic, [{ key: 'k', value: 'before' }]);
  const memoryBefore = process.memoryUsage().rss;
  await compressedSender(topic, await zeros(1024 ** 3), 1);
  await producer.send(topic.topic, [{ key: 'k', value: 'after' }]);
  await producer.disconnect();
  const records = await readRecords(topic, 3);
  assert.deepEqual(
    records.map((record) => record.value?.toString()),
    ['before', undefined, 'after'],
  );
  assert.match(records[1]?.unreadable?.because ?? '', /zstd batch of offsets 1 to 1 .* more than 16777216 bytes/);
  assert.ok(process.memoryUsage().rss - memoryBefore < 300 * 1024 ** 2, 'memory is not bounded');
});

test('a batch of more records than can be handed on one by one is told by one record that stands for all', async () => {
  const topic = await onePartition();
  const count = MOST_UNREADABLE_RECORDS + 1;
  await compressedSender(topic, await zeros(MOST_INFLATED_BYTES, count), count);
  const records = await readRecords(topic, 1);
  assert.equal(records.length, 1);
  const { because = '', ...rest } = records[0]?.unreadable ?? {};
  assert.deepEqual(rest, { records: count, isTooMany: true });
  assert.match(
    because,
    new RegExp(`zstd batch of offsets 0 to ${count - 1} .* more than ${MOST_INFLATED_BYTES} bytes`),
  );
});

test('a record with sixty thousand headers is read in no time to speak of', async () => {
  const topic = await onePartition();
  const headers = Object.fromEntries(Array.from({ length: 60_000 }, (_, index) => [`h${index}`, 'v']));
  const producer = createProducer(topic.kafka);
  await producer.send(topic.topic, [{ key: 'k', value: 'v', headers }]);
  await producer.disconnect();
  const [record] = await readRecords(topic, 1);
  assert.equal(Object.keys(record!.headers).length, 60_000);
});
