import type { Limit } from './policy.ts';
import { amountText, subjectText } from './wording.ts';

/** Sums of one window, in the unit of the limit. `firmTotal` leaves out what is priced provisionally. */
export type WindowSums = { total: bigint; firmTotal: bigint };

export type TotalJudgement = {
  /** `over_provisional`: only provisional cost carries it over, so a person decides instead of the machine. */
  state: 'below' | 'warning' | 'over' | 'over_provisional';
  /** Of the amount, rounded down: 100 means reached. */
  percent: number;
  /** The warnings of the limit that are reached, ascending. */
  crossedPercents: number[];
  sentence: string;
};

/** Judges the sum of a fixed window. A limit is broken when its amount is reached, not only when it is passed. */
export function judgeTotal(limit: Limit, { total, firmTotal }: WindowSums): TotalJudgement {
  const percent = percentOf(total, limit.amount);
  const crossedPercents = limit.warnAtPercent.filter((warnAt) => percent >= warnAt);
  const state = totalState(limit.amount, { total, firmTotal }, crossedPercents);
  return { state, percent, crossedPercents, sentence: totalSentence(limit, state, percent, { total, firmTotal }) };
}

function totalState(
  amount: bigint,
  { total, firmTotal }: WindowSums,
  crossed: readonly number[],
): TotalJudgement['state'] {
  if (firmTotal >= amount) return 'over';
  if (total >= amount) return 'over_provisional';
  return crossed.length > 0 ? 'warning' : 'below';
}

function totalSentence(limit: Limit, state: TotalJudgement['state'], percent: number, sums: WindowSums): string {
  const { metric, period } = limit.measure;
  const when = period === 'total' ? 'in total' : `this ${period}`;
  const used = `${amountText(metric, sums.total)} of ${amountText(metric, limit.amount)} (${percent} %) ${when}`;
  const verdict = {
    below: 'below the limit',
    warning: 'below the limit, past a warning',
    over: 'the limit is reached',
    over_provisional: `the limit is reached only with provisional prices; ${amountText(metric, sums.firmTotal)} are certain`,
  }[state];
  return `${limit.name}: ${subjectText(limit.measure)} used ${used}: ${verdict}.`;
}

/** A share in whole percent, rounded down, so that 100 is never shown before it is reached. */
export function percentOf(total: bigint, amount: bigint): number {
  return Number((total * 100n) / amount);
}

/** How many keys a cap lets one go at: a share is rounded down, but at least one key may always be stopped. */
export function capCount(cap: { count: number } | { percent: number }, activeKeys: number): number {
  if ('count' in cap) return cap.count;
  return Math.max(1, Math.floor((activeKeys * cap.percent) / 100));
}
