import { anthropicPrices } from '@bursar/pricing/anthropic-prices';
import { type PriceBookJson, priceBookToJson } from '@bursar/pricing/price-book-json';
import type { Tally } from './chaos/world.ts';
import type { Installation } from './installation.ts';
import type { Random } from './random.ts';
import type { PriceChange } from './traffic/price-history.ts';
import { HAIKU_4_5, OPUS_5_5, SONNET_5_5, type TablePrice } from './traffic/price-table.ts';
import type { RunningGenerator } from './traffic/start-generator.ts';

/** Time enough to be in force before it holds, whatever else breaks: so no request is priced by another book than the account's. */
const LEAD_MS = 45_000;
const CHANGING = [HAIKU_4_5, SONNET_5_5, OPUS_5_5];
type Row = PriceBookJson['rows'][number];

type Parts = {
  readonly installation: Pick<Installation, 'applyPrices'>;
  readonly generator: Pick<RunningGenerator, 'changePrice'>;
  readonly random: Random;
  readonly durationMs: number;
  readonly tally: Tally;
};

/** Puts a price book with one further change in force each time, and tells the account. */
export function priceChanger({ installation, generator, random, durationMs, tally }: Parts): () => Promise<void> {
  const changes: PriceChange[] = [];
  return async () => {
    const next = drawPriceChange(random, Date.now() + Math.min(LEAD_MS, durationMs / 4));
    changes.push(next);
    const inForceAt = await installation.applyPrices(priceBookWith(changes));
    generator.changePrice(next);
    if (inForceAt.getTime() >= next.fromMs) throw new Error('its price began before it was in force');
    tally.add('price books put in force');
  };
}

/** A model whose tokens become cheaper or dearer, in tenths of its first price. */
function drawPriceChange(random: Random, fromMs: number): PriceChange {
  const base = random.pick(CHANGING);
  const tenths = BigInt(random.whole(5, 20));
  const of = (pico: bigint) => (pico * tenths) / 10n;
  const row = `${base.row} from ${new Date(fromMs).toISOString()}`;
  const { input, output, write5m, write1h, read, usFactor } = base;
  const tokens = { input: of(input), output: of(output), write5m: of(write5m), write1h: of(write1h), read: of(read) };
  return { ofRow: base.row, fromMs, price: { row, ...tokens, usFactor } };
}

/** The price book of the product with these changes, oldest first, each ending the row before it. */
function priceBookWith(changes: readonly PriceChange[]): PriceBookJson {
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
