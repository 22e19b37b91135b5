import type { Queryable } from '@bursar/db/pool';
import { instantOfLocalTime, midnightDaysAgo } from '@bursar/db/report/local-time';
import { scrub } from '@bursar/runtime/scrub';
import { Option } from 'commander';
import { plainText } from './output/clean-text.ts';
import { FORMATS } from './output/listing.ts';
import { WrongUseError } from './wrong-use-error.ts';

const UNIT_MS: Record<string, number> = {
  s: 1_000,
  min: 60_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
const SPAN = /^(\d{1,6}) ?(s|min|m|h|d|w)$/;
const LOCAL_TIME = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2})?)?$/;

export function formatOption(): Option {
  return new Option('--format <format>', 'how to write it').choices(FORMATS).default('table');
}

/** `15min`, `2h`, `30d` in milliseconds. Throws WrongUseError. */
export function parseSpan(text: string, option: string): number {
  const [, count, unit = ''] = SPAN.exec(text.trim()) ?? [];
  if (count !== undefined && Number(count) > 0) return Number(count) * UNIT_MS[unit]!;
  throw new WrongUseError(`${option} is "${text}"; write a length of time like 15min, 2h or 30d.`);
}

/** A whole number from 1 to `most`. Throws WrongUseError. */
export function parseCount(text: string, option: string, most: number): number {
  if (/^\d{1,9}$/.test(text) && Number(text) >= 1 && Number(text) <= most) return Number(text);
  throw new WrongUseError(`${option} is "${text}"; write a whole number from 1 to ${most}.`);
}

/** A reason for the record: one line of plain text without secrets. Throws WrongUseError when nothing is left of it. */
export function parseReason(text: string, option = '--reason'): string {
  const reason = scrub(plainText(text));
  if (reason === '') throw new WrongUseError(`${option} is empty; write why, it stays in the record.`);
  return reason;
}

/** An IANA zone such as Europe/Berlin, as it is. Throws WrongUseError. */
export function parseZone(text: string): string {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone;
  } catch {
    throw new WrongUseError(`--zone is "${text}", which is no time zone; write one like Europe/Berlin or UTC.`);
  }
}

/**
 * An instant: `2h` before now, `30d` (from midnight in the zone), `2026-11-01` or `2026-11-01T08:00` in the zone,
 * or with an offset such as `2026-11-01T08:00Z`. Throws WrongUseError.
 */
export async function parseInstant(
  db: Queryable,
  text: string,
  option: string,
  at: { now: Date; zone: string },
): Promise<Date> {
  const days = /^(\d{1,5}) ?([dw])$/.exec(text);
  if (days) return await midnightDaysAgo(db, Number(days[1]) * (days[2] === 'w' ? 7 : 1), at.zone);
  if (SPAN.test(text)) return new Date(at.now.getTime() - parseSpan(text, option));
  const isDate = !Number.isNaN(Date.parse(text)) && isCalendarDay(text.slice(0, 10));
  if (LOCAL_TIME.test(text) && isDate) return await instantOfLocalTime(db, text, at.zone);
  if (isDate && /^\d{4}-\d{2}-\d{2}T\S+(Z|[+-]\d{2}:\d{2})$/.test(text)) return new Date(text);
  throw new WrongUseError(`${option} is "${text}"; write 15min, 2h, 30d, 2026-11-01 or 2026-11-01T08:00Z.`);
}

/** Date.parse takes 2026-02-31 for a day in March; Postgres does not. */
function isCalendarDay(day: string): boolean {
  const ms = Date.parse(`${day}T00:00:00Z`);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(day);
}
