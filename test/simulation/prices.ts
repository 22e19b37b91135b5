import { anthropicPrices } from '@bursar/pricing/anthropic-prices';
import type { PriceBook, PriceRow } from '@bursar/pricing/price-book';
import type { Random } from './random.ts';

const MINUTE_MS = 60_000;
/** Models whose prices change in a world. */
const CHANGING = ['claude-haiku-4-5', 'claude-sonnet-4-6'] as const;
export const MODELS = [...CHANGING] as const;
export const UNHEARD_OF = 'claude-unheard-of';

/** Pico-dollars per token in and out, from an instant on. */
type SimPrice = { fromMs: number; input: bigint; output: bigint };
/** What the oracle takes for the price of a model, newest first. Written down a second time, on purpose. */
export type SimPrices = Record<string, readonly SimPrice[]>;

export const FIRST_PRICES: SimPrices = {
  'claude-haiku-4-5': [{ fromMs: 0, input: 1_000_000n, output: 5_000_000n }],
  'claude-sonnet-4-6': [{ fromMs: 0, input: 3_000_000n, output: 15_000_000n }],
};
/** The book's dearest row in 2026-03, which no world makes dearer. */
const DEAREST = { input: 15_000_000n, output: 75_000_000n };

export type PricedTokens = { model: string; input: number; output: number; atMs: number };

/** What tokens cost by these prices, in pico-dollars. */
export function costOf(prices: SimPrices, { model, input, output, atMs }: PricedTokens): bigint {
  const price = prices[model]?.find(({ fromMs }) => atMs >= fromMs) ?? DEAREST;
  return BigInt(input) * price.input + BigInt(output) * price.output;
}

/** One model becomes cheaper or dearer, from an instant that may have passed or is yet to come. */
export function nextPrices(before: SimPrices, random: Random, nowMs: number): SimPrices {
  const model = random.pick([...CHANGING]);
  const known = before[model]!;
  const fromMs = Math.max(nowMs + random.int(-60, 20) * MINUTE_MS, known[0]!.fromMs + 1_000);
  const input = BigInt(random.int(1, 14)) * 1_000_000n;
  return { ...before, [model]: [{ fromMs, input, output: input * 5n }, ...known] };
}

/** The same as a price book of the product: the built-in one, whose rows end where newer ones begin. */
export function priceBookOf(prices: SimPrices): PriceBook {
  const rows = anthropicPrices.rows.flatMap((row) => {
    const newer = prices[row.model]?.slice(0, -1).reverse() ?? [];
    return newer.reduce<PriceRow[]>((known, price) => followed(known, price), [row]);
  });
  return { ...anthropicPrices, rows };
}

function followed(known: PriceRow[], { fromMs, input, output }: SimPrice): PriceRow[] {
  const last = known.at(-1)!;
  const from = new Date(fromMs).toISOString();
  const next = {
    ...last,
    id: `${last.model}/${from}`,
    from,
    inputPico: input,
    outputPico: output,
    source: 'simulated',
  };
  return [...known.slice(0, -1), { ...last, to: from }, next];
}
