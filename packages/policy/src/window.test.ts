import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { FixedPeriod } from './policy.ts';
import { createWindowFinder, windowAt } from './window.ts';

const HOUR_MS = 3_600_000;
const PERIODS: FixedPeriod[] = ['minute', 'hour', 'day', 'week', 'month', 'quarter', 'year'];
const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/Sao_Paulo',
  'America/Havana',
  'America/St_Johns',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Africa/Cairo',
  'Asia/Kathmandu',
];

const anyPeriod = fc.constantFrom(...PERIODS);
const anyZone = fc.constantFrom(...ZONES);
const anyInstant = fc.integer({ min: Date.UTC(1987, 0, 1), max: Date.UTC(2040, 0, 1) });

function windowText(period: FixedPeriod, zone: string, at: string): string {
  const { startMs, endMs } = windowAt(period, zone, Date.parse(at));
  return `${new Date(startMs).toISOString()} ${new Date(endMs).toISOString()}`;
}

const CASES: [name: string, period: FixedPeriod, zone: string, at: string, expected: string][] = [
  [
    'a spring day of 23 hours',
    'day',
    'Europe/Berlin',
    '2026-03-29T12:00Z',
    '2026-03-28T23:00:00.000Z 2026-03-29T22:00:00.000Z',
  ],
  [
    'an autumn day of 25 hours',
    'day',
    'Europe/Berlin',
    '2026-10-25T12:00Z',
    '2026-10-24T22:00:00.000Z 2026-10-25T23:00:00.000Z',
  ],
  [
    'the hour that shows twice, first time',
    'hour',
    'Europe/Berlin',
    '2026-10-25T00:30Z',
    '2026-10-25T00:00:00.000Z 2026-10-25T01:00:00.000Z',
  ],
  [
    'the hour that shows twice, second time',
    'hour',
    'Europe/Berlin',
    '2026-10-25T01:30Z',
    '2026-10-25T01:00:00.000Z 2026-10-25T02:00:00.000Z',
  ],
  [
    'a day that begins at 01:00',
    'day',
    'America/Sao_Paulo',
    '2018-11-04T12:00Z',
    '2018-11-04T03:00:00.000Z 2018-11-05T02:00:00.000Z',
  ],
  [
    'a day that has 23:00 twice',
    'day',
    'America/Sao_Paulo',
    '2018-02-18T02:30Z',
    '2018-02-17T02:00:00.000Z 2018-02-18T03:00:00.000Z',
  ],
  [
    'a midnight that shows twice',
    'day',
    'America/Havana',
    '2025-11-02T05:30Z',
    '2025-11-02T04:00:00.000Z 2025-11-03T05:00:00.000Z',
  ],
  [
    'yesterday on the clock after midnight has struck',
    'day',
    'America/St_Johns',
    '2005-10-30T02:45Z',
    '2005-10-30T02:30:00.000Z 2005-10-31T03:30:00.000Z',
  ],
  [
    'midnight skipped in Cairo',
    'day',
    'Africa/Cairo',
    '2024-04-26T12:00Z',
    '2024-04-25T22:00:00.000Z 2024-04-26T21:00:00.000Z',
  ],
  [
    'the day before the day Samoa left out',
    'day',
    'Pacific/Apia',
    '2011-12-30T09:59Z',
    '2011-12-29T10:00:00.000Z 2011-12-30T10:00:00.000Z',
  ],
  [
    'the day after the day Samoa left out',
    'day',
    'Pacific/Apia',
    '2011-12-30T10:00Z',
    '2011-12-30T10:00:00.000Z 2011-12-31T10:00:00.000Z',
  ],
  [
    'the half hour repeated on Lord Howe',
    'hour',
    'Australia/Lord_Howe',
    '2026-04-04T15:10Z',
    '2026-04-04T15:00:00.000Z 2026-04-04T15:30:00.000Z',
  ],
  [
    'a day of 24.5 hours on Lord Howe',
    'day',
    'Australia/Lord_Howe',
    '2026-04-04T15:10Z',
    '2026-04-04T13:00:00.000Z 2026-04-05T13:30:00.000Z',
  ],
  [
    'an hour off by 45 minutes',
    'hour',
    'Asia/Kathmandu',
    '2026-01-01T00:20Z',
    '2026-01-01T00:15:00.000Z 2026-01-01T01:15:00.000Z',
  ],
  [
    'a week, from Monday',
    'week',
    'Europe/Berlin',
    '2026-11-22T22:59:59.999Z',
    '2026-11-15T23:00:00.000Z 2026-11-22T23:00:00.000Z',
  ],
  [
    'a month across a clock change',
    'month',
    'Europe/Berlin',
    '2026-10-31T23:30Z',
    '2026-10-31T23:00:00.000Z 2026-11-30T23:00:00.000Z',
  ],
  ['a quarter', 'quarter', 'UTC', '2026-11-23T00:00Z', '2026-10-01T00:00:00.000Z 2027-01-01T00:00:00.000Z'],
  ['a leap year', 'year', 'UTC', '2028-02-29T00:00Z', '2028-01-01T00:00:00.000Z 2029-01-01T00:00:00.000Z'],
  ['everything', 'total', 'Europe/Berlin', '2026-11-23T00:00Z', '1970-01-01T00:00:00.000Z 9999-01-01T00:00:00.000Z'],
];

for (const [name, period, zone, at, expected] of CASES) {
  test(`${name}: the ${period} of ${at} in ${zone}`, () => assert.equal(windowText(period, zone, at), expected));
}

test('a window holds its instant, and its neighbours begin and end where it ends and begins', () => {
  fc.assert(
    fc.property(anyPeriod, anyZone, anyInstant, (period, zone, atMs) => {
      const window = windowAt(period, zone, atMs);
      assert.ok(window.startMs <= atMs && atMs < window.endMs);
      assert.deepEqual(windowAt(period, zone, window.startMs), window);
      assert.deepEqual(windowAt(period, zone, window.endMs - 1), window);
      assert.equal(windowAt(period, zone, window.endMs).startMs, window.endMs);
    }),
    { numRuns: 400 },
  );
});

test('around hard clock changes, quarter hour by quarter hour, windows tile time', () => {
  for (const [zone, fromMs] of [
    ['Australia/Lord_Howe', Date.UTC(2026, 3, 3)],
    ['America/St_Johns', Date.UTC(2005, 9, 29)],
    ['Pacific/Apia', Date.UTC(2011, 11, 29)],
    ['Africa/Cairo', Date.UTC(2024, 9, 30)],
  ] as const) {
    for (const period of ['hour', 'day'] as const) {
      for (let atMs = fromMs; atMs < fromMs + 72 * HOUR_MS; atMs += HOUR_MS / 4) {
        const window = windowAt(period, zone, atMs);
        assert.equal(windowAt(period, zone, window.endMs).startMs, window.endMs, `${zone} ${period} ${atMs}`);
        assert.deepEqual(windowAt(period, zone, window.endMs - 1), window, `${zone} ${period} ${atMs}`);
        assert.ok(window.startMs <= atMs && atMs < window.endMs, `${zone} ${period} ${atMs}`);
      }
    }
  }
});

test('a finder says what windowAt says, in any order of instants', () => {
  fc.assert(
    fc.property(anyPeriod, anyZone, fc.array(anyInstant, { maxLength: 20 }), (period, zone, instants) => {
      const find = createWindowFinder(period, zone);
      for (const atMs of [...instants, ...instants]) assert.deepEqual(find(atMs), windowAt(period, zone, atMs));
    }),
    { numRuns: 100 },
  );
});

test('a finder forgets old windows and stays right', () => {
  const find = createWindowFinder('hour', 'Europe/Berlin');
  for (let hour = 0; hour < 1200; hour++) find(hour * HOUR_MS);
  assert.deepEqual(find(30 * 60_000), windowAt('hour', 'Europe/Berlin', 30 * 60_000));
});

test('an unknown zone is an error that names it', () => {
  assert.throws(() => windowAt('day', 'Europe/Berln', 0), /Berln/i);
});
