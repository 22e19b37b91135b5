import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { holds } from '../../../test/harness/property.ts';
import type { FixedPeriod } from './policy.ts';
import { createWindowFinder, type Window, windowAt } from './window.ts';

const PERIODS: FixedPeriod[] = ['minute', 'hour', 'day', 'week', 'month', 'quarter', 'year'];
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** Half-hour summer time, a skipped day, 45 minutes off UTC, changes at midnight, both sides of the date line, and more. */
const HARD = [
  ...[
    'Australia/Lord_Howe',
    'Pacific/Apia',
    'Pacific/Kwajalein',
    'Asia/Kathmandu',
    'Pacific/Chatham',
    'America/Havana',
  ],
  ...['America/Sao_Paulo', 'America/St_Johns', 'Africa/Cairo', 'Africa/Casablanca', 'Antarctica/Troll', 'Asia/Gaza'],
  ...['Europe/Berlin', 'Europe/Dublin', 'Pacific/Kiritimati', 'Asia/Pyongyang', 'America/Caracas', 'UTC'],
];

const anyPeriod = fc.constantFrom(...PERIODS);
const anyZone = fc.oneof(fc.constantFrom(...HARD), fc.constantFrom(...Intl.supportedValuesOf('timeZone')));
const YEAR_1_MS = Date.parse('0001-01-03T00:00:00Z');
const YEAR_9999_MS = Date.parse('9998-12-30T00:00:00Z');
/** Mostly where clocks change; also leap days, ends of years, and the ends of the calendar. */
const anyInstant = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: Date.UTC(1972, 0, 1), max: Date.UTC(2040, 0, 1) }) },
  { weight: 1, arbitrary: fc.integer({ min: YEAR_1_MS, max: YEAR_9999_MS }) },
  {
    weight: 1,
    arbitrary: fc
      .record({ year: fc.integer({ min: 1972, max: 2400 }), day: fc.constantFrom([1, 28], [1, 29], [11, 31], [0, 1]) })
      .chain(({ year, day }) =>
        fc.nat(48 * 60).map((minutes) => Date.UTC(year, day[0]!, day[1]!) + minutes * MINUTE_MS),
      ),
  },
);

function tiles(find: (atMs: number) => Window, atMs: number): void {
  const window = find(atMs);
  assert.ok(window.startMs <= atMs && atMs < window.endMs, 'the window does not hold its instant');
  assert.deepEqual(find(window.startMs), window);
  assert.deepEqual(find(window.endMs - 1), window);
  assert.equal(find(window.endMs).startMs, window.endMs, 'there is a hole or an overlap after the window');
  assert.equal(find(window.startMs - 1).endMs, window.startMs, 'there is a hole or an overlap before the window');
}

test('every instant lies in exactly one window, and windows tile time, in every zone', () => {
  holds(
    12_000,
    fc.property(anyPeriod, anyZone, anyInstant, (period, zone, atMs) =>
      tiles((instant) => windowAt(period, zone, instant), atMs),
    ),
  );
});

test('windows tile time around every change of a clock', () => {
  const nearChange = fc
    .record({
      zone: fc.constantFrom(...HARD),
      from: fc.integer({ min: Date.UTC(1972, 0, 1), max: Date.UTC(2037, 0, 1) }),
    })
    .chain(({ zone, from }) => {
      const asked = Temporal.Instant.fromEpochMilliseconds(from).toZonedDateTimeISO(zone);
      const changeMs = asked.getTimeZoneTransition('next')?.epochMilliseconds ?? from;
      return fc.integer({ min: -180, max: 180 }).map((minutes) => ({ zone, atMs: changeMs + minutes * MINUTE_MS }));
    });
  holds(
    6_000,
    fc.property(anyPeriod, nearChange, (period, { zone, atMs }) =>
      tiles((instant) => windowAt(period, zone, instant), atMs),
    ),
  );
});

test('a finder that remembers says the same as one that does not', () => {
  const finders = new Map<string, (atMs: number) => Window>();
  holds(
    8_000,
    fc.property(anyPeriod, fc.constantFrom(...HARD), anyInstant, (period, zone, atMs) => {
      const name = `${period} ${zone}`;
      const find = finders.get(name) ?? createWindowFinder(period, zone);
      finders.set(name, find);
      assert.deepEqual(find(atMs), windowAt(period, zone, atMs));
    }),
  );
});

test('a longer window holds whole shorter ones: hours make days, days make weeks, months, quarters and years', () => {
  const pairs = [
    ...[
      ['hour', 'day'],
      ['day', 'week'],
      ['day', 'month'],
      ['month', 'quarter'],
      ['quarter', 'year'],
    ],
  ] as [FixedPeriod, FixedPeriod][];
  holds(
    6_000,
    fc.property(fc.constantFrom(...pairs), fc.constantFrom(...HARD), anyInstant, ([short, long], zone, atMs) => {
      const inner = windowAt(short, zone, atMs);
      const outer = windowAt(long, zone, atMs);
      assert.ok(outer.startMs <= inner.startMs && inner.endMs <= outer.endMs, `${short} sticks out of ${long}`);
    }),
  );
});

test('each window has the length that its calendar allows', () => {
  const hours: Record<string, [number, number]> = {
    hour: [1 / 60, 1],
    day: [20, 28],
    week: [6 * 24, 8 * 24],
    month: [26 * 24, 32 * 24],
    quarter: [88 * 24, 93 * 24],
    year: [364 * 24, 367 * 24],
  };
  holds(
    6_000,
    fc.property(
      fc.constantFrom(...Object.keys(hours)),
      fc.constantFrom(...HARD),
      fc.integer({ min: Date.UTC(1972, 0, 1), max: Date.UTC(2040, 0, 1) }),
      (period, zone, atMs) => {
        const { startMs, endMs } = windowAt(period as FixedPeriod, zone, atMs);
        const [least, most] = hours[period]!;
        const length = (endMs - startMs) / HOUR_MS;
        assert.ok(length >= least && length <= most, `a ${period} of ${length} hours`);
      },
    ),
  );
});
