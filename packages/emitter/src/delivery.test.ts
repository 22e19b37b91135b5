import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RecordOut } from '@bursar/bus/producer';
import { encodeEvent } from '@bursar/events/cloudevent';
import { sampleEvent, sampleNotice } from '../test/sample-events.ts';
import { approximateBytes, createDelivery } from './delivery.ts';

type Log = { batches: RecordOut[][]; isAway: boolean; inFlight: number; mostInFlight: number };

function startDelivery() {
  const log: Log = { batches: [], isAway: false, inFlight: 0, mostInFlight: 0 };
  const failures: unknown[] = [];
  const send = async (_topic: string, records: readonly RecordOut[]) => {
    log.mostInFlight = Math.max(log.mostInFlight, ++log.inFlight);
    await sleep(4);
    log.inFlight--;
    if (log.isAway) throw new Error('no broker');
    log.batches.push([...records]);
  };
  return { log, failures, delivery: createDelivery({ send }, 'usage', (error) => failures.push(error)) };
}

it('sends everything once and in order, at most 200 records at a time', async () => {
  const { log, delivery } = startDelivery();
  const events = Array.from({ length: 1_000 }, (_, index) => sampleEvent(index + 1));
  for (const event of events) delivery.push(event);
  delivery.announce(sampleNotice());
  await delivery.drain(5_000);
  const sent = log.batches.flat();
  assert.deepEqual(
    sent.filter(({ key }) => !key?.startsWith('emitter:')).map(({ value }) => JSON.parse(String(value)).id),
    events.map(({ id }) => id),
  );
  assert.equal(sent.length, 1_001);
  assert.ok(log.batches.every((batch) => batch.length <= 200));
  assert.deepEqual([delivery.pendingCount(), delivery.sentCount()], [0, 1_000]);
});

it('sends one batch at a time, also when flushes are asked for meanwhile', async () => {
  const { log, delivery } = startDelivery();
  for (let seq = 1; seq <= 50; seq++) {
    delivery.push(sampleEvent(seq));
    void delivery.drain(5_000);
    await sleep(1);
  }
  await delivery.drain(5_000);
  assert.equal(log.mostInFlight, 1);
  assert.equal(log.batches.flat().length, 50);
});

it('keeps events while Kafka is away and sends each of them when it is back', async () => {
  const { log, failures, delivery } = startDelivery();
  log.isAway = true;
  for (let seq = 1; seq <= 300; seq++) delivery.push(sampleEvent(seq));
  await delivery.drain(50);
  assert.equal(delivery.pendingCount(), 300);
  assert.ok(failures.length > 0);
  log.isAway = false;
  while (delivery.pendingCount() > 0) await sleep(5);
  assert.equal(log.batches.flat().length, 300);
});

it('refuses the newest beyond 10,000 events', () => {
  const { log, delivery } = startDelivery();
  log.isAway = true;
  const accepted = Array.from({ length: 10_100 }, (_, index) => delivery.push(sampleEvent(index + 1)));
  delivery.stop();
  const kept = accepted.filter(Boolean).length;
  assert.ok(kept > 5_000 && kept <= 10_000, `${kept} kept`);
  assert.deepEqual(new Set(accepted.slice(kept)), new Set([false]));
});

it('keeps only the newest heartbeat while it waits', async () => {
  const { log, delivery } = startDelivery();
  delivery.announce(sampleNotice(1));
  delivery.announce(sampleNotice(2));
  await delivery.drain(5_000);
  assert.deepEqual(
    log.batches.flat().map(({ value }) => JSON.parse(String(value)).data.highestSeq),
    [2],
  );
});

it('judges the size of an event to about a third', () => {
  const tags = Object.fromEntries(Array.from({ length: 16 }, (_, index) => [`tag-${index}`, 'v'.repeat(index * 8)]));
  for (const event of [sampleEvent(1), sampleEvent(1, { tags }), sampleEvent(1, { principal: 'p'.repeat(256) })]) {
    const ratio = approximateBytes(event) / encodeEvent(event).value.length;
    assert.ok(ratio > 0.66 && ratio < 2, `${ratio}`);
  }
});
