import { anthropicPrices } from '@bursar/pricing/anthropic-prices';
import { type PriceBookJson, priceBookToJson } from '@bursar/pricing/price-book-json';
import type { Random } from './random.ts';
import type { PriceChange } from './traffic/price-history.ts';
import { HAIKU_4_5, OPUS_5_5, SONNET_5_5, type TablePrice } from './traffic/price-table.ts';

const CHANGING = [HAIKU_4_5, SONNET_5_5, OPUS_5_5];
type Row = PriceBookJson['rows'][number];

/** A model whose tokens become cheaper or dearer, in tenths of its first price. */
export function drawPriceChange(random: Random, fromMs: number): PriceChange {
  const base = random.pick(CHANGING);
  const tenths = BigInt(random.whole(5, 20));
  const of = (pico: bigint) => (pico * tenths) / 10n;
  const row = `${base.row} from ${new Date(fromMs).toISOString()}`;
  const { input, output, write5m, write1h, read, usFactor } = base;
  const tokens = { input: of(input), output: of(output), write5m: of(write5m), write1h: of(write1h), read: of(read) };
  return { ofRow: base.row, fromMs, price: { row, ...tokens, usFactor } };
}

/** The price book of the product with these changes, oldest first, each ending the row before it. */
export function priceBookWith(changes: readonly PriceChange[]): PriceBookJson {
  const book = priceBookToJson(anthropicPrices);
  return {
    ...book,
    rows: book.rows.flatMap((row) =>
      followed(
        row,
        changes.filter(({ ofRow }) => ofRow === row.id),
      ),
    ),
  };
}

function followed(first: Row, changes: readonly PriceChange[]): Row[] {
  const rows: Row[] = [first];
  for (const { fromMs, price } of changes) {
    const from = new Date(fromMs).toISOString();
    const last = rows.pop()!;
    rows.push({ ...last, to: from }, { ...last, id: price.row, from, usdPerMillion: printed(price) });
  }
  return rows;
}

/** A pico-dollar per token is a micro-dollar per million tokens. */
function printed({ input, output, write5m, write1h, read }: TablePrice): Row['usdPerMillion'] {
  const usd = (micro: bigint) => `${micro / 1_000_000n}.${(micro % 1_000_000n).toString().padStart(6, '0')}`;
  return {
    ...{ input: usd(input), output: usd(output), cacheRead: usd(read) },
    ...{ cacheWrite5m: usd(write5m), cacheWrite1h: usd(write1h) },
  };
}
