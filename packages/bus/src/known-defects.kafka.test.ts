import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { onePartition, readRecords } from '../test/one-partition.ts';
import { createPartitionLoop } from './partition-loop.ts';
import { createProducer } from './producer.ts';

const RECORD = { key: 'k', value: 'v' };

test('a producer with nothing to do uses next to nothing of the processor', async () => {
  const topic = await onePartition();
  const producer = createProducer(topic.kafka);
  await producer.send(topic.topic, [RECORD]);
  let timers = 0;
  const real = globalThis.setTimeout;
  globalThis.setTimeout = ((...given: Parameters<typeof setTimeout>) => {
    timers++;
    return real(...given);
  }) as typeof setTimeout;
  // Unpatched, each connection sets a timer of 1 ms again and again: hundreds in this time.
  await sleep(500);
  globalThis.setTimeout = real;
  await producer.disconnect();
  assert.ok(timers < 20, `${timers} timers were set while nothing was to be done`);
});

test('an error of the work ends the loop with that error, and the next loop is given the same record again', async () => {
  const topic = await onePartition();
  const producer = createProducer(topic.kafka);
  await producer.send(topic.topic, [RECORD]);
  await producer.disconnect();
  const failing = createPartitionLoop({
    ...topic,
    groupId: topic.topic,
    lanes: 1,
    work: async () => {
      throw new Error('a defect');
    },
    onLog: () => {},
  });
  await assert.rejects(failing.run(new AbortController().signal), /a defect/);
  assert.equal((await readRecords(topic, 1))[0]?.offset, 0n);
});
