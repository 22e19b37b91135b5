import { Temporal } from 'temporal-polyfill';
import type { FixedPeriod } from './policy.ts';

/** Start inclusive, end exclusive, in milliseconds since 1970. */
export type Window = { startMs: number; endMs: number };

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** `total` never ends; this is an end that Postgres and `Date` both take. */
const FAR_FUTURE_MS = Date.UTC(9999, 0, 1);
const TOTAL: Window = { startMs: 0, endMs: FAR_FUTURE_MS };

const REMEMBERED_WINDOWS = 512;

type DayPeriod = Exclude<FixedPeriod, 'minute' | 'hour' | 'total'>;

/**
 * The window of a fixed period that holds an instant, on the calendar of a zone. The windows of one period and zone
 * tile time: no hole, no overlap, so a day has 23 or 25 hours when clocks change. Weeks start on Monday (ISO 8601).
 * @param timezone IANA name. @throws RangeError for a zone or an instant that does not exist.
 */
export function windowAt(period: FixedPeriod, timezone: string, atMs: number): Window {
  if (period === 'total') return TOTAL;
  if (period === 'minute') return minuteAt(atMs);
  const local = Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(timezone);
  return period === 'hour' ? hourAt(local, atMs) : daysAt(period, local, atMs);
}

/** `windowAt` for one period and zone, with a memory: the calendar is asked once per window, not once per event. */
export function createWindowFinder(period: FixedPeriod, timezone: string): (atMs: number) => Window {
  if (period === 'total') return () => TOTAL;
  if (period === 'minute') return minuteAt;
  let last: Window = { startMs: 0, endMs: 0 };
  const known: Window[] = [];
  return (atMs) => {
    if (contains(last, atMs)) return last;
    const found = known.find((window) => contains(window, atMs));
    last = found ?? windowAt(period, timezone, atMs);
    if (!found && known.unshift(last) > REMEMBERED_WINDOWS) known.pop();
    return last;
  };
}

function contains(window: Window, atMs: number): boolean {
  return atMs >= window.startMs && atMs < window.endMs;
}

/** Every zone in use since 1972 is whole minutes away from UTC. */
function minuteAt(atMs: number): Window {
  const startMs = Math.floor(atMs / MINUTE_MS) * MINUTE_MS;
  return { startMs, endMs: startMs + MINUTE_MS };
}

/** An hour by the local clock, cut where the clock is put forward or back in the middle of it (Lord Howe: half an hour). */
function hourAt(local: Temporal.ZonedDateTime, atMs: number): Window {
  const offsetMs = local.offsetNanoseconds / 1_000_000;
  const startMs = Math.floor((atMs + offsetMs) / HOUR_MS) * HOUR_MS - offsetMs;
  const changedMs = local.add({ nanoseconds: 1 }).getTimeZoneTransition('previous')?.epochMilliseconds ?? -Infinity;
  const changesMs = local.getTimeZoneTransition('next')?.epochMilliseconds ?? Infinity;
  return { startMs: Math.max(startMs, changedMs), endMs: Math.min(startMs + HOUR_MS, changesMs) };
}

function daysAt(period: DayPeriod, local: Temporal.ZonedDateTime, atMs: number): Window {
  const zone = local.timeZoneId;
  let first = firstDay(period, local.toPlainDate());
  let next = nextFirstDay(period, first);
  // Where clocks go back over midnight, the old date shows again on the clock after the new day has begun.
  while (atMs >= startOfDayMs(next, zone)) [first, next] = [next, nextFirstDay(period, next)];
  return { startMs: startOfDayMs(first, zone), endMs: startOfDayMs(next, zone) };
}

function startOfDayMs(day: Temporal.PlainDate, timezone: string): number {
  return day.toZonedDateTime(timezone).epochMilliseconds;
}

function firstDay(period: DayPeriod, day: Temporal.PlainDate): Temporal.PlainDate {
  if (period === 'day') return day;
  if (period === 'week') return day.subtract({ days: day.dayOfWeek - 1 });
  if (period === 'month') return day.with({ day: 1 });
  if (period === 'quarter') return day.with({ day: 1, month: day.month - ((day.month - 1) % 3) });
  return day.with({ day: 1, month: 1 });
}

function nextFirstDay(period: DayPeriod, first: Temporal.PlainDate): Temporal.PlainDate {
  return period === 'quarter' ? first.add({ months: 3 }) : first.add({ [`${period}s`]: 1 });
}
