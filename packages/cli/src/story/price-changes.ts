import type { PriceBook, PriceRow } from '@bursar/pricing/price-book';
import { rowJson } from '@bursar/pricing/price-book-json';
import { whatChanges } from '@bursar/pricing/what-changes';

/** What a price book changes, a line each; a model that is left without a price last. */
export function priceChangeLines(before: PriceBook, after: PriceBook): string[] {
  const { added, ended, unpriced } = whatChanges(before, after);
  if (added.length + ended.length === 0) return ['No price changes.'];
  return [
    ...ended.map((row) => `  ends  ${row.id}, at ${row.to}`),
    ...added.map((row) => `  new   ${row.id}, from ${row.from}: ${pricesOf(row)}`),
    ...unpriced.map(
      (row) =>
        `Careful: from ${row.to} on nothing prices what ${row.id} did (${row.model}): its requests will cost the dearest price in force, provisionally.`,
    ),
  ];
}

function pricesOf(row: PriceRow): string {
  const { input, output, cacheWrite5m, cacheWrite1h, cacheRead } = rowJson(row).usdPerMillion;
  return `${input} USD per million in, ${output} out, cache ${cacheWrite5m} / ${cacheWrite1h} / ${cacheRead} (write 5 min, write 1 h, read)`;
}
