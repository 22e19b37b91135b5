import type { MeasureRow, RuleRow, Rules, ThresholdRow } from '@bursar/db/configuration/rules';
import { type Limit, type Measure, type Policy, selected } from '@bursar/policy/policy';
import { formatUsd } from '@bursar/pricing/money';

/** A policy's limits as the ledger stores them. */
export function rulesOf(policy: Policy): Rules {
  const measures = new Map(policy.limits.map(({ measure }) => [measure.id, measureRow(measure)]));
  return {
    measures: [...measures.values()],
    limits: policy.limits.map(ruleRow),
    thresholds: policy.limits.flatMap(thresholdsOf),
  };
}

function measureRow(measure: Measure): MeasureRow {
  const [kind, name] = selected(measure.select);
  return {
    definition: measure.id,
    select_kind: kind,
    select_name: name,
    each_kind: measure.each,
    metric: measure.metric,
    period: measure.period,
    timezone: measure.timezone,
  };
}

function ruleRow(limit: Limit): RuleRow {
  return {
    name: limit.name,
    definition: limit.measure.id,
    amount: amountText(limit.measure, limit.amount, 1n),
    on_breach: limit.onBreach,
    resume_kind: limit.resume.kind,
    resume_after_ms: limit.resume.kind === 'after' ? limit.resume.ms : null,
    stands_for_ms: limit.afterMs,
  };
}

function thresholdsOf(limit: Limit): ThresholdRow[] {
  const threshold = (percent: number, kind: ThresholdRow['kind']): ThresholdRow => ({
    limit_name: limit.name,
    definition: limit.measure.id,
    percent,
    kind,
    amount: amountText(limit.measure, limit.amount * BigInt(percent), 100n),
  });
  return [...limit.warnAtPercent.map((percent) => threshold(percent, 'warning')), threshold(100, 'limit')];
}

/** An amount in the unit of its measure; a part of a token or request counts as a whole one. */
function amountText(measure: Measure, amount: bigint, divisor: bigint): string {
  const whole = (amount + divisor - 1n) / divisor;
  return measure.metric === 'cost' ? formatUsd(whole) : whole.toString();
}
