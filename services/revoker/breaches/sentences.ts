import type { Breach, Measured } from '@bursar/db/enforcement/breach';
import type { KeyTarget } from '@bursar/db/enforcement/key-target';
import { formatUsd, parseUsd } from '@bursar/pricing/money';

/** `search per month has used 80 % (1.61 of 2 USD) of its month`. */
export function usageSentence(breach: Breach): string {
  const { measure } = breach;
  if (measure === null) return `${breach.rule} of ${breach.subject}`;
  // The amount of a breach is the threshold's own: that of a warning is less than the limit.
  const limit = breach.activeLimit?.amount ?? breach.amount;
  const sums = `${amount(measure.metric, breach.total)} of ${amount(measure.metric, limit)} ${unit(measure.metric)}`;
  const percent = percentOf(breach.total, limit);
  if (measure.period === 'sliding_minute') return `${breach.rule} is at ${percent} % (${sums}) of its rate per minute`;
  const period = measure.period === 'total' ? 'total' : measure.period;
  return `${breach.rule} has used ${percent} % (${sums}) of its ${period}`;
}

/** Under which key a message about a breach is queued once: a rate that stands breaks its limit anew each minute. */
export function messageKey(breach: Breach): string {
  if (breach.measure?.period !== 'sliding_minute') return `breach/${breach.breachId}`;
  return `rate/${breach.rule}/${breach.subject}/${breach.kind}/${breach.windowStart.toISOString().slice(0, 13)}`;
}

/** How people call a key: its name, else its hint, else its hash; never its secret. */
export function keyCalled(target: Pick<KeyTarget, 'name' | 'hint' | 'apiKeyId'>): string {
  return `key ${target.name ?? target.hint ?? target.apiKeyId ?? 'unknown'}`;
}

/** What the keys of a window that counts several together have to do with it. */
export function reachSentence(measure: Measured): string {
  if (measure.eachKind === 'key' || measure.selectKind === 'key') return '';
  return `; every bound key that contributed to ${measure.selectKind} ${measure.selectName} in this window is meant`;
}

function amount(metric: Measured['metric'], decimal: string): string {
  if (metric !== 'cost') return decimal.replace(/\.0*$/, '');
  const pico = parseUsd(decimal);
  // Less than a dollar is told more finely, or small budgets would read as nothing.
  const text = formatUsd(pico, pico < parseUsd('1') ? 6 : 2);
  return text.replace(/\.?0+$/, '') || '0';
}

function unit(metric: Measured['metric']): string {
  return metric === 'cost' ? 'USD' : metric;
}

function percentOf(total: string, limit: string): string {
  const whole = parseUsd(limit);
  return whole === 0n ? '100' : ((parseUsd(total) * 100n) / whole).toString();
}
