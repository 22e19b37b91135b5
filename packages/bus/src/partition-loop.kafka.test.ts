import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../../../infra/local/eventually.ts';
import { freshTopics } from '../../../test/harness/kafka.ts';
import { LONG_GAP_MS } from './fetch-gaps.ts';
import { createPartitionLoop, type PartitionBatch, type Verdict } from './partition-loop.ts';
import { createProducer } from './producer.ts';

const LONGER_THAN_SESSION_MS = 8_000;

test('a member that learns of a rebalance from its own heartbeat stays a member: it does not leave and come again as another', async () => {
  const { brokers, prefix, topics } = await freshTopics();
  await using onExit = new AsyncDisposableStack();
  const stop = new AbortController();
  const running: Promise<void>[] = [];
  onExit.defer(async () => {
    stop.abort();
    await Promise.all(running);
  });
  const logged: string[] = [];
  let worked = 0;
  let interrupted = 0;
  const done = async ({ records }: PartitionBatch): Promise<Verdict> => {
    worked += records.length;
    return { verdict: 'done', next: records.at(-1)!.offset + 1n };
  };
  const untilRebalance = async (batch: PartitionBatch): Promise<Verdict> => {
    if (interrupted > 0) return done(batch);
    for (;;) {
      await sleep(50);
      await batch.heartbeat().catch((error) => {
        interrupted++;
        throw error;
      });
    }
  };
  const member = (name: string, work: (batch: PartitionBatch) => Promise<Verdict>) =>
    createPartitionLoop({
      kafka: { brokers, clientId: name },
      topic: topics.usage.name,
      groupId: `${prefix}.rebalance`,
      lanes: 2,
      work,
      onLog: ({ message }) => logged.push(message),
    });
  const first = member('first', untilRebalance);
  running.push(first.run(stop.signal));
  await eventually('the first has joined', () => first.ready() === true);
  const producer = createProducer({ brokers, clientId: 'test' });
  onExit.defer(() => producer.disconnect());
  await producer.send(topics.usage.name, [{ key: 'one', value: 'record' }]);

  const second = member('second', done);
  running.push(second.run(stop.signal));
  await eventually('the record is worked on, by either', () => worked === 1, 60_000);
  await eventually('both are members', () => first.ready() === true && second.ready() === true, 60_000);
  assert.equal(interrupted, 1);
  assert.deepEqual(
    logged.filter((message) => message.startsWith('joins again')),
    [],
  );
});

test('a member that gave partitions to another tells the lag of its own alone', async () => {
  const { brokers, prefix, topics } = await freshTopics();
  const { name: topic, partitions } = topics.usage;
  await using onExit = new AsyncDisposableStack();
  const work = async ({ records }: PartitionBatch): Promise<Verdict> => ({
    verdict: 'done',
    next: records.at(-1)!.offset + 1n,
  });
  const member = (clientId: string) => {
    const stop = new AbortController();
    const options = { kafka: { brokers, clientId }, topic, groupId: `${prefix}.lag`, lanes: 2, work, onLog: () => {} };
    const loop = createPartitionLoop(options);
    const running = loop.run(stop.signal);
    onExit.defer(async () => {
      stop.abort();
      await running;
    });
    return loop;
  };
  const producer = createProducer({ brokers, clientId: 'test' });
  onExit.defer(() => producer.disconnect());
  const first = member('first');
  await eventually('the first tells of every partition', async () => {
    await producer.send(topic, [{ key: null, value: 'record' }]);
    return first.lag().size === partitions;
  });
  const second = member('second');
  await eventually('each partition is told of by one of them', async () => {
    await producer.send(topic, [{ key: null, value: 'record' }]);
    const told = [...first.lag().keys(), ...second.lag().keys()];
    return second.lag().size > 0 && told.length === partitions && new Set(told).size === partitions;
  });
});

/** A member alone on a topic of its own, and a way to give it something to read. */
async function oneMember(name: string, work: (batch: PartitionBatch) => Promise<Verdict>) {
  const { brokers, prefix, topics } = await freshTopics();
  const { name: topic } = topics.usage;
  const onExit = new AsyncDisposableStack();
  const kafka = { brokers, clientId: name };
  const loop = createPartitionLoop({ kafka, topic, groupId: `${prefix}.${name}`, lanes: 1, work, onLog: () => {} });
  const stop = new AbortController();
  const running = loop.run(stop.signal);
  onExit.defer(async () => {
    stop.abort();
    await running;
  });
  const producer = createProducer({ brokers, clientId: 'test' });
  onExit.defer(() => producer.disconnect());
  return {
    send: (value: string) => producer.send(topic, [{ key: 'one', value }]),
    [Symbol.asyncDispose]: () => onExit.disposeAsync(),
  };
}

test('a member whose work takes longer than the session of the group stays a member', async () => {
  const readings: number[] = [];
  const work = async ({ reading, records }: PartitionBatch): Promise<Verdict> => {
    readings.push(reading);
    if (readings.length === 1) await sleep(LONGER_THAN_SESSION_MS);
    return { verdict: 'done', next: records.at(-1)!.offset + 1n };
  };
  await using one = await oneMember('slow', work);
  await one.send('first');
  await eventually('the slow work has begun', () => readings.length === 1);
  await one.send('second');
  await eventually('the next record is worked on', () => readings.length >= 2, 30_000);
  assert.equal(readings[1], readings[0], 'reading began anew: the group had lost its member');
});

test('after work during which Kafka was not asked, a partition is read again from the record that was worked on last', async () => {
  const read: { lapse: number; offset: bigint }[] = [];
  const work = async ({ lapse, records }: PartitionBatch): Promise<Verdict> => {
    read.push({ lapse, offset: records[0].offset });
    if (read.length === 1) await sleep(3 * LONG_GAP_MS);
    return { verdict: 'done', next: records.at(-1)!.offset + 1n };
  };
  await using one = await oneMember('gap', work);
  await one.send('record');
  await eventually('the record is read a second time', () => read.length === 2);
  assert.deepEqual(
    read.map(({ offset }) => offset),
    [0n, 0n],
  );
  assert.notEqual(read[1]?.lapse, read[0]?.lapse);
});
