import { type PriceBook, type PriceRow, pricedTerms } from './price-book.ts';

/**
 * What a price book would rewrite of the one before it: a row that is gone, or whose price is another. Costs that
 * were counted name their row for ever, so a row may only end (`to`) and be better sourced; a new price is a new row.
 * Empty when it is a rightful successor.
 */
export function whatItRewrites(before: PriceBook, after: PriceBook): string[] {
  const rows = new Map(after.rows.map((row) => [row.id, row]));
  return before.rows.flatMap((row) => {
    const next = rows.get(row.id);
    if (next === undefined) return [`the row ${row.id} is gone; keep it and give it an end ("to")`];
    if (sameButForItsEnd(row, next)) return [];
    return [`the row ${row.id} says something else; end it ("to") and add a row with an id of its own`];
  });
}

function sameButForItsEnd({ to: _, ...before }: PriceRow, { to: __, ...after }: PriceRow): boolean {
  return pricedTerms(before) === pricedTerms(after);
}
