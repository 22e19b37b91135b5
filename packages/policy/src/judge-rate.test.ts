import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { judgeRate, minutesNeeded, slidingPerMinute } from './judge-rate.ts';
import { type Limit, makeMeasure } from './policy.ts';

const MINUTE_MS = 60_000;

function rateLimit(afterMs: number): Limit {
  return {
    name: 'runaway',
    measure: makeMeasure({
      select: { workspace: 'Development' },
      each: 'key',
      metric: 'requests',
      period: 'sliding_minute',
      timezone: 'UTC',
    }),
    amount: 300n,
    warnAtPercent: [80],
    onBreach: 'suspend',
    resume: { kind: 'after', ms: 900_000 },
    afterMs,
  };
}

test('the sliding rate fades the minute before out as the running one passes', () => {
  const at = (elapsedMs: number) => slidingPerMinute({ previousMinute: 120n, currentMinute: 10n, elapsedMs });
  assert.deepEqual([0, 15_000, 30_000, 59_999, 60_000].map(at), [130n, 100n, 70n, 10n, 10n]);
});

test('a clock that is a little off bends nothing beyond the two minutes', () => {
  assert.equal(slidingPerMinute({ previousMinute: 120n, currentMinute: 10n, elapsedMs: -5 }), 130n);
  assert.equal(slidingPerMinute({ previousMinute: 120n, currentMinute: 10n, elapsedMs: 60_005 }), 10n);
});

for (const [name, afterMs, minutes, elapsedMs, state, standsForMs] of [
  ['no traffic', 0, [], 0, 'below', 0],
  ['a steady 200', 0, [200n, 100n], 30_000, 'below', 0],
  ['a steady 240', 0, [240n, 120n], 30_000, 'warning', 0],
  ['exactly the limit', 0, [0n, 300n], 30_000, 'warning', 0],
  ['one above, without after', 0, [0n, 301n], 30_000, 'over', 0],
  ['a burst that has only begun', 3, [0n, 0n, 0n, 0n, 900n], 59_000, 'pending', 0],
  ['above for two minutes and a half', 3, [0n, 400n, 400n, 400n, 300n], 30_000, 'pending', 150_000],
  ['above for three minutes', 3, [400n, 400n, 400n, 400n, 0n], 0, 'over', 180_000],
  ['a pause in between', 3, [400n, 400n, 300n, 400n, 400n], 30_000, 'pending', 30_000],
] as const) {
  test(`${name} is ${state}`, () => {
    const judged = judgeRate(rateLimit(afterMs * MINUTE_MS), { minutes, elapsedMs });
    assert.deepEqual([judged.state, judged.standsForMs], [state, standsForMs]);
  });
}

test('a judgement says the rate, the limit and for how long', () => {
  const { sentence } = judgeRate(rateLimit(3 * MINUTE_MS), {
    minutes: [0n, 400n, 400n, 400n, 300n],
    elapsedMs: 30_000,
  });
  assert.equal(
    sentence,
    'runaway: a key of workspace Development makes 500 requests per minute, limit 300: above the limit for 2 minutes of 3 minutes.',
  );
});

test('the minutes asked for are enough: older ones change no verdict', () => {
  const counts = fc.array(fc.bigInt({ min: 200n, max: 400n }), { minLength: 8, maxLength: 12 });
  fc.assert(
    fc.property(
      counts,
      fc.integer({ min: 0, max: MINUTE_MS }),
      fc.integer({ min: 0, max: 5 * MINUTE_MS }),
      (minutes, elapsedMs, afterMs) => {
        const limit = rateLimit(afterMs);
        const needed = minutes.slice(-minutesNeeded(limit));
        assert.equal(
          judgeRate(limit, { minutes: needed, elapsedMs }).state,
          judgeRate(limit, { minutes, elapsedMs }).state,
        );
      },
    ),
  );
});
