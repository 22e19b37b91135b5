import assert from 'node:assert/strict';
import { test } from 'node:test';
import { diagnose, isSuspicious, type LoopHealth } from './watchdog.ts';

const healthy: LoopHealth = {
  isMember: true,
  sinceMembershipMs: 0,
  sinceFetchMs: 50,
  batchesUnderWay: 0,
  partitions: new Set([3]),
  next: new Map([[3, 7n]]),
};
const silent = { ...healthy, sinceFetchMs: 61_000 };
const marks = [
  { partition: 2, low: 0n, high: 100n },
  { partition: 3, low: 0n, high: 9n },
];

test('a member that fetches nothing while its partition has more is stalled, and the error says where', () => {
  const error = diagnose(silent, marks);
  assert.equal(error?.name, 'FetchStalledError');
  assert.match(error?.message ?? '', /for 61 s although partition 3 has records from 7 to 8/);
});

test('a partition that was never read is behind by all that it holds', () => {
  assert.match(diagnose({ ...silent, next: new Map() }, marks)?.message ?? '', /partition 3 has records from 0 to 8/);
});

test('silence is right when there is nothing to read, when a batch waits, and for what another member reads', () => {
  assert.equal(diagnose(healthy, marks), undefined);
  assert.equal(diagnose({ ...silent, next: new Map([[3, 9n]]) }, marks), undefined);
  assert.equal(diagnose({ ...silent, batchesUnderWay: 1 }, marks), undefined);
  assert.equal(diagnose({ ...silent, partitions: new Set() }, marks), undefined);
  assert.equal(isSuspicious({ ...silent, batchesUnderWay: 1 }), false);
});

test('a process that Kafka answers and that still is no member for two minutes has lost its membership', () => {
  const outside = { ...healthy, isMember: false, sinceMembershipMs: 121_000 };
  assert.equal(diagnose(outside, marks)?.name, 'MembershipLostError');
  assert.equal(diagnose({ ...outside, sinceMembershipMs: 119_000 }, marks), undefined);
});
