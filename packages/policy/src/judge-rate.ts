import { percentOf } from './judge.ts';
import type { Limit } from './policy.ts';
import { amountText, durationText, subjectText } from './wording.ts';

const MINUTE_MS = 60_000;

/** What the last minutes hold, as the minute cube has them. */
export type RateMinutes = {
  /** Requests or tokens per UTC minute, oldest first, without gaps (a quiet minute is 0n); the last is the running one. */
  minutes: readonly bigint[];
  /** How much of the running minute has passed. */
  elapsedMs: number;
};

export type RateJudgement = {
  /** `pending`: above the limit, but not yet for as long as the limit says. */
  state: 'below' | 'warning' | 'pending' | 'over';
  perMinute: bigint;
  percent: number;
  crossedPercents: number[];
  /** How long the rate has certainly been above the limit. */
  standsForMs: number;
  sentence: string;
};

/** The sliding rate: the running minute, and of the minute before the share that is less than a minute ago. */
export function slidingPerMinute(counts: { previousMinute: bigint; currentMinute: bigint; elapsedMs: number }): bigint {
  const elapsedMs = Math.min(MINUTE_MS, Math.max(0, Math.floor(counts.elapsedMs)));
  return counts.currentMinute + (counts.previousMinute * BigInt(MINUTE_MS - elapsedMs)) / BigInt(MINUTE_MS);
}

/** How many minutes, with the running one, `judgeRate` wants to see: enough for `afterMs`, and two at least. */
export function minutesNeeded(limit: Limit): number {
  return Math.ceil(limit.afterMs / MINUTE_MS) + 2;
}

/** Judges a rate. It is broken when it is passed (300 per minute are within a limit of 300) and stands for `afterMs`. */
export function judgeRate(limit: Limit, { minutes, elapsedMs }: RateMinutes): RateJudgement {
  const currentMinute = minutes.at(-1) ?? 0n;
  const perMinute = slidingPerMinute({ previousMinute: minutes.at(-2) ?? 0n, currentMinute, elapsedMs });
  const percent = percentOf(perMinute, limit.amount);
  const crossedPercents = limit.warnAtPercent.filter((warnAt) => percent >= warnAt);
  const above = perMinute > limit.amount;
  const standsForMs = above ? standingMs(limit.amount, minutes.slice(0, -1), elapsedMs) : 0;
  const state = rateState(limit, above, standsForMs, crossedPercents);
  const sentence = rateSentence(limit, state, perMinute, standsForMs);
  return { state, perMinute, percent, crossedPercents, standsForMs, sentence };
}

/**
 * Between two minute ends the sliding rate runs in a line, so it stood above the limit since the oldest minute end in
 * an unbroken row of ends above it. What happened before that end in its own minute is not counted: never too early.
 */
function standingMs(amount: bigint, completeMinutes: readonly bigint[], elapsedMs: number): number {
  const lastBelow = completeMinutes.findLastIndex((count) => count <= amount);
  const endsAbove = completeMinutes.length - 1 - lastBelow;
  return endsAbove === 0 ? 0 : (endsAbove - 1) * MINUTE_MS + elapsedMs;
}

function rateState(
  limit: Limit,
  above: boolean,
  standsForMs: number,
  crossed: readonly number[],
): RateJudgement['state'] {
  if (above) return standsForMs >= limit.afterMs ? 'over' : 'pending';
  return crossed.length > 0 ? 'warning' : 'below';
}

function rateSentence(limit: Limit, state: RateJudgement['state'], perMinute: bigint, standsForMs: number): string {
  const { measure, amount, afterMs, name } = limit;
  const rate = `${amountText(measure.metric, perMinute)} per minute, limit ${amount}`;
  const verdict = {
    below: 'within the limit',
    warning: 'within the limit, past a warning',
    pending: `above the limit for ${durationText(standsForMs)} of ${durationText(afterMs)}`,
    over: afterMs > 0 ? `above the limit for ${durationText(standsForMs)}` : 'above the limit',
  }[state];
  return `${name}: ${subjectText(measure)} makes ${rate}: ${verdict}.`;
}
