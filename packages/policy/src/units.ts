import { parseUsd } from '@bursar/pricing/money';
import type { Metric } from './policy.ts';

const UNIT_MS: Record<string, number> = {
  s: 1000,
  second: 1000,
  min: 60_000,
  minute: 60_000,
  h: 3_600_000,
  hour: 3_600_000,
  d: 86_400_000,
  day: 86_400_000,
  w: 604_800_000,
  week: 604_800_000,
};

/** `90d`, `20s`, `3 minutes`. A bare `m` is refused: it could be minutes or months. */
export const DURATION = /^([1-9]\d{0,5}) ?(s|min|h|d|w|(?:second|minute|hour|day|week)s?)$/;

/** `500 USD`, `0.25 USD`, `2000000 tokens`, `10000 requests`. */
export const BUDGET = /^(\d{1,9}(?:\.\d{1,12})?) USD$|^(\d{1,15}) (tokens|requests)$/;

/** A warning: 1 % to 99 %. */
export const WARN_PERCENT = /^([1-9]\d?)%$/;

/** A share of keys: 1 % to 100 %. */
export const SHARE_PERCENT = /^([1-9]\d?|100)%$/;

/** Milliseconds of a text that matches `DURATION`, else undefined. */
export function parseDuration(text: string): number | undefined {
  const [, count, unit = ''] = DURATION.exec(text) ?? [];
  const unitMs = UNIT_MS[unit] ?? UNIT_MS[unit.replace(/s$/, '')];
  return count === undefined || unitMs === undefined ? undefined : Number(count) * unitMs;
}

/** Metric and amount of a text that matches `BUDGET`, else undefined; USD as pico-dollars. */
export function parseBudget(text: string): { metric: Metric; amount: bigint } | undefined {
  const [matched, usd, count, unit] = BUDGET.exec(text) ?? [];
  if (matched === undefined) return undefined;
  if (usd !== undefined) return { metric: 'cost', amount: parseUsd(usd) };
  return { metric: unit === 'tokens' ? 'tokens' : 'requests', amount: BigInt(count ?? 0) };
}

/** `10%` → 10. The text must match one of the percent patterns. */
export function parsePercent(text: string): number {
  return Number(text.slice(0, -1));
}
