import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fullCap } from './caps.ts';
import { isSettled } from './carry-out.ts';
import { retryInMs } from './record.ts';

test('the wait before the next attempt is what Anthropic asked for, and never over five minutes', () => {
  assert.equal(
    retryInMs({ attempt: 1 }, { retryAfterMs: 7_000 }, () => 0.9),
    7_000,
  );
  assert.equal(
    retryInMs({ attempt: 1 }, { retryAfterMs: 9_999_999 }, () => 0.9),
    300_000,
  );
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10_000 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (attempt, random) => {
        const waitMs = retryInMs({ attempt }, { retryAfterMs: undefined }, () => random);
        assert.ok(waitMs >= 0 && waitMs <= 60_000);
      },
    ),
  );
});

test('a key that can never be switched again is settled whatever is wanted', () => {
  for (const status of ['archived', 'expired', 'missing'] as const) {
    assert.ok(isSettled('inactive', status) && isSettled('active', status));
  }
  assert.equal(isSettled('inactive', 'active'), false);
  assert.equal(isSettled('active', 'inactive'), false);
  assert.equal(isSettled('inactive', 'unknown'), false);
});

test('a cap is full when as many keys were switched off as it allows', () => {
  const caps = { per10Minutes: 5, perHour: 20, perDay: { percent: 10 } };
  const recent = { per10Minutes: 4, perHour: 4, perDay: 4, activeKeys: 100 };
  assert.equal(fullCap(caps, recent), undefined);
  assert.equal(fullCap(caps, { ...recent, per10Minutes: 5 })?.span, '10 minutes');
  assert.equal(fullCap(caps, { ...recent, perHour: 20 })?.span, 'hour');
  assert.equal(fullCap(caps, { ...recent, perDay: 10 })?.span, 'day');
  assert.equal(fullCap(caps, { ...recent, perDay: 0, activeKeys: 3 }), undefined);
});
