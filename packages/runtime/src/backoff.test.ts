import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { fullJitter, retryAfterMs } from './backoff.ts';

describe('full jitter', () => {
  it('spreads over the whole range, doubles its bound with each attempt and never exceeds the cap', () => {
    const almostOne = () => 1 - Number.EPSILON;
    const bounds = [0, 1, 2, 3, 4, 5_000].map((attempt) =>
      fullJitter(attempt, { baseMs: 100, capMs: 1_000, random: almostOne }),
    );
    assert.deepEqual(bounds, [99, 199, 399, 799, 999, 999]);
    assert.equal(fullJitter(3, { baseMs: 100, capMs: 1_000, random: () => 0 }), 0);
  });

  it('is a whole number within [0, cap) for any attempt', () => {
    fc.assert(
      fc.property(fc.nat(), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (attempt, drawn) => {
        const waitMs = fullJitter(attempt, { baseMs: 50, capMs: 2_000, random: () => drawn });
        assert.ok(Number.isInteger(waitMs) && waitMs >= 0 && waitMs < 2_000);
      }),
    );
  });
});

describe('what a server asks us to wait', () => {
  const nowMs = Date.parse('2026-11-23T12:00:00Z');
  const cases: [Record<string, string | string[]>, number | undefined][] = [
    [{ 'retry-after': '2' }, 2_000],
    [{ 'Retry-After': ['1.5'] }, 1_500],
    [{ 'retry-after-ms': '250', 'retry-after': '2' }, 250],
    [{ 'retry-after': 'Mon, 23 Nov 2026 12:00:30 GMT' }, 30_000],
    [{ 'retry-after': 'Mon, 23 Nov 2026 11:00:00 GMT' }, 0],
    [{ 'retry-after': '-5' }, undefined],
    [{ 'retry-after': 'soon' }, undefined],
    [{ 'retry-after': '' }, undefined],
    [{}, undefined],
  ];
  for (const [headers, expected] of cases) {
    it(`is ${expected} ms for ${JSON.stringify(headers)}`, () => {
      assert.equal(retryAfterMs(headers, nowMs), expected);
    });
  }

  it('is read from the headers of fetch as well', () => {
    assert.equal(retryAfterMs(new Headers({ 'Retry-After': '3' }), nowMs), 3_000);
  });
});
