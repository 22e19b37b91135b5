import { formatUsd, parseUsd } from '@bursar/pricing/money';

export type Metric = 'cost' | 'tokens' | 'requests';

/** A decimal amount of US dollars for people: `$1,234.50`; small ones with as many digits as they need to be seen. */
export function usdText(decimal: string): string {
  const pico = parseUsd(decimal);
  const magnitude = pico < 0n ? -pico : pico;
  const text = formatUsd(magnitude, decimalsFor(magnitude));
  return `${pico < 0n ? '-' : ''}$${grouped(text)}`;
}

/** A whole number with its thousands apart: `12,345`. */
export function countText(count: string | number): string {
  return grouped(String(count));
}

/** An amount in the unit of its metric: `$12.50`, `2,000,000 tokens`. */
export function amountText(metric: Metric, decimal: string): string {
  if (metric === 'cost') return usdText(decimal);
  const count = wholeText(decimal);
  return `${countText(count)} ${count === '1' ? metric.slice(0, -1) : metric}`;
}

/** A decimal without an empty fraction: `300.000000000000` is `300`. */
export function wholeText(decimal: string): string {
  return decimal.replace(/\.0*$/, '');
}

/** The exact sum of decimal amounts of US dollars. */
export function sumUsd(decimals: readonly string[]): string {
  return formatUsd(decimals.reduce((sum, decimal) => sum + parseUsd(decimal), 0n));
}

function decimalsFor(magnitudePico: bigint): number {
  if (magnitudePico === 0n || magnitudePico >= 10_000_000_000n) return 2;
  return magnitudePico >= 100_000_000n ? 4 : 6;
}

function grouped(text: string): string {
  const [whole = '', fraction] = text.split('.');
  const apart = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return fraction === undefined ? apart : `${apart}.${fraction}`;
}
