import { formatUsd } from '@bursar/pricing/money';
import { type Measure, type Metric, selected } from './policy.ts';

/** An amount as people write it: `2.14 USD`, `2000000 tokens`. */
export function amountText(metric: Metric, amount: bigint): string {
  return metric === 'cost' ? `${formatUsd(amount, 2)} USD` : `${amount} ${metric}`;
}

/** Who a measure is about: `role USER, each key`. */
export function subjectText({ select, each }: Measure): string {
  const [kind, name] = selected(select);
  const subject = name === '*' ? `every ${kind}` : `${kind} ${name}`;
  return each === 'key' ? `a key of ${subject}` : subject;
}

const UNITS: [name: string, ms: number][] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
];

/** A span in the largest unit that fits, rounded down: `3 days`, `1 hour`, `15 seconds`. */
export function durationText(ms: number): string {
  const [unit, unitMs] = UNITS.find(([, size]) => ms >= size) ?? (['second', 1000] as const);
  const count = Math.floor(ms / unitMs);
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
