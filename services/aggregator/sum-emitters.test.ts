import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { trafficKey, usageEvent } from '../../test/harness/traffic.ts';
import type { PricedRecord } from './price-records.ts';
import { type Judgement, sumEmitters } from './sum-emitters.ts';

const key = trafficKey();
const boot = randomUUID();
const TEN = Date.UTC(2026, 10, 20, 10);
const MINUTE_MS = 60_000;
const nothingTold = { repeats: [], emitters: [], refused: [] };
const all: Judgement = { isFresh: () => true, isNewlyQuarantined: () => true, mostSeqOf: () => 1_000_000 };

function record(
  seq: number,
  atMs: number,
  fields: { boot?: string; dropped?: Record<string, number> } = {},
): PricedRecord {
  const emitter = { id: 'search/1', boot, dropped: {}, seq, ...fields };
  return { event: usageEvent(key, { emitter }, atMs), occurredAtMs: atMs, offset: BigInt(seq) } as PricedRecord;
}

test('an event counts in the quarter of an hour in which its request ended, whatever its id says', () => {
  const records = [record(3, TEN + 15 * MINUTE_MS), record(1, TEN), record(2, TEN + 15 * MINUTE_MS - 1)];
  const { emitters, emitterQuarters } = sumEmitters(records, nothingTold, 4, all);
  assert.deepEqual(
    emitterQuarters.map(({ quarter, seen, highest_seq, partition }) => [quarter, seen, highest_seq, partition]),
    [
      ['2026-11-20T10:00:00.000Z', 2, 2, 4],
      ['2026-11-20T10:15:00.000Z', 1, 3, 4],
    ],
  );
  assert.deepEqual([emitters[0]?.seen, emitters[0]?.highest_seq, emitters[0]?.last_event_seq], [3, 3, 3]);
});

test('of drops reported in any order the greatest count of each reason stands', () => {
  const records = [record(9, TEN, { dropped: { full: 3 } }), record(7, TEN, { dropped: { full: 1, defect: 2 } })];
  const { emitters, emitterQuarters } = sumEmitters(records, nothingTold, 0, all);
  for (const [row] of [emitters, emitterQuarters]) assert.deepEqual(JSON.parse(row!.dropped), { full: 3, defect: 2 });
});

test('a boot is the same in capital letters', () => {
  const records = [record(1, TEN), record(2, TEN, { boot: boot.toUpperCase() })];
  const { emitters } = sumEmitters(records, nothingTold, 0, all);
  assert.deepEqual(
    emitters.map(({ boot, seen }) => [boot, seen]),
    [[boot, 2]],
  );
});

test('an event with a number beyond belief counts, and its number and its drops are not taken up', () => {
  const hostile = record(2 ** 53 - 1, TEN, { dropped: { full: 1_000_000_000 } });
  const told = { ...nothingTold, repeats: [hostile] };
  const { emitters, emitterQuarters } = sumEmitters([record(1, TEN), hostile], told, 0, all);
  for (const [row] of [emitters, emitterQuarters])
    assert.deepEqual([row?.seen, row?.unnumbered, row?.duplicates, row?.highest_seq, row?.dropped], [2, 1, 1, 1, '{}']);
});
