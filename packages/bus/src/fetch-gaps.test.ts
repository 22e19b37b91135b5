import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FETCH_WAIT_MS, FetchGaps, LONG_GAP_MS } from './fetch-gaps.ts';

test('fetches that find nothing leave no gap, and neither does the first', () => {
  const gaps = new FetchGaps();
  for (let nowMs = 1_000; nowMs < 3_000; nowMs += FETCH_WAIT_MS) {
    assert.equal(gaps.asks(1, nowMs, false), false);
    assert.equal(gaps.answered(1, nowMs + FETCH_WAIT_MS), false);
  }
});

test('work or a standstill after an answer is a gap, and so is one before it', () => {
  const gaps = new FetchGaps();
  gaps.asks(1, 0, false);
  assert.equal(gaps.answered(1, 10), false);
  assert.equal(gaps.asks(1, LONG_GAP_MS + 1, true), true);
  assert.equal(gaps.answered(1, 2 * LONG_GAP_MS + FETCH_WAIT_MS + 2), true);
});

test('a broker that answers hides no gap of another', () => {
  const gaps = new FetchGaps();
  gaps.asks(1, 0, false);
  gaps.asks(2, LONG_GAP_MS, false);
  gaps.answered(2, LONG_GAP_MS);
  assert.equal(gaps.asks(1, LONG_GAP_MS + 1, true), true);
});
