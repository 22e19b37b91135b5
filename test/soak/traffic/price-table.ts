/**
 * The prices that the soak expects, in pico-dollars per token, written down a second time on purpose: the oracle shares
 * no arithmetic and no table with the product. A price that changes in the product must be changed here by hand.
 */
export type TablePrice = {
  readonly row: string;
  readonly input: bigint;
  readonly output: bigint;
  readonly write5m: bigint;
  readonly write1h: bigint;
  readonly read: bigint;
  readonly usFactor: readonly [bigint, bigint];
};

const FLAT = [1n, 1n] as const;
const US = [11n, 10n] as const;

export const HAIKU_4_5 = price('claude-haiku-4-5/launch', [1_000_000n, 5_000_000n, 1_250_000n, 2_000_000n, 100_000n]);
export const HAIKU_5_5_SHORT = price('claude-haiku-5-5/le100k/2026-10-07', [
  100_000n,
  500_000n,
  125_000n,
  200_000n,
  10_000n,
]);
export const HAIKU_5_5_LONG = price('claude-haiku-5-5/gt100k/2026-10-07', [
  500_000n,
  2_500_000n,
  625_000n,
  1_000_000n,
  50_000n,
]);
export const SONNET_5_5 = price(
  'claude-sonnet-5-5/2026-10-07',
  [2_000_000n, 10_000_000n, 2_500_000n, 4_000_000n, 100_000n],
  US,
);
export const OPUS_5_5 = price(
  'claude-opus-5-5/2026-09-22',
  [4_000_000n, 20_000_000n, 5_000_000n, 8_000_000n, 200_000n],
  US,
);
/** A model without a price costs the dearest of each kind that is in force: fable fast, cache reads of opus 4.1. */
export const UNKNOWN = price('unknown', [16_000_000n, 80_000_000n, 20_000_000n, 32_000_000n, 1_500_000n], US);
export const WEB_SEARCH_PICO = 10_000_000_000n;

function price(
  row: string,
  [input, output, write5m, write1h, read]: readonly [bigint, bigint, bigint, bigint, bigint],
  usFactor: readonly [bigint, bigint] = FLAT,
): TablePrice {
  return { row, input, output, write5m, write1h, read, usFactor };
}
