import assert from 'node:assert/strict';
import { test } from 'node:test';
import { percentiles } from './percentiles.ts';

test('a percentile is the measured value below or at which that share lies', () => {
  const oneToHundred = Array.from({ length: 100 }, (_, index) => 100 - index);
  assert.deepEqual(percentiles(oneToHundred), { p50Ms: 50, p95Ms: 95, p99Ms: 99, worstMs: 100 });
  assert.deepEqual(percentiles([7]), { p50Ms: 7, p95Ms: 7, p99Ms: 7, worstMs: 7 });
});

test('no delay at all is an error, not a zero', () => {
  assert.throws(() => percentiles([]), /no delay was measured/);
});
