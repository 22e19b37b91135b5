import assert from 'node:assert/strict';
import { test } from 'node:test';
import { topics } from '@bursar/events/topics';
import { tooLongKept } from './topic-lifetime.ts';

const DAY_MS = 86_400_000;
const kept = (retentionMs: number, compacts = false) => tooLongKept('bursar.usage.v1', { retentionMs, compacts });

test('the topic as Bursar makes it, and up to eight days, can be read', () => {
  assert.equal(kept(topics().usage.retentionMs), undefined);
  assert.equal(kept(8 * DAY_MS), undefined);
  assert.equal(kept(0), undefined);
});

test('a topic that keeps records longer than ids are known is refused with both numbers and what to set', () => {
  assert.match(
    kept(8 * DAY_MS + 1) ?? '',
    /keeps records 8 days \(retention\.ms=691200001\).* for 10 days only.* Set retention\.ms=691200000 \(8 days\) or less/,
  );
  assert.match(kept(-1) ?? '', /keeps records for ever \(retention\.ms=-1\)/);
});

test('a compacted topic is refused: requests of one key would replace each other', () => {
  assert.match(kept(7 * DAY_MS, true) ?? '', /is compacted.* Set cleanup\.policy=delete/);
});
