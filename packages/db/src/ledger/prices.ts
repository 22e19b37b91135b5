import type { Queryable } from '../pool.ts';

export type PriceTerms = { priceRow: string; model: string; terms: Record<string, unknown> };

/** Records the rows of a price book, so that each stored cost can be explained from the database alone. Rows never change. */
export async function recordPrices(db: Queryable, bookHash: string, prices: readonly PriceTerms[]): Promise<void> {
  await db.query(
    `insert into price (price_row, model, terms, book_hash)
     select price_row, model, terms, $1 from unnest($2::text[], $3::text[], $4::jsonb[]) as given (price_row, model, terms)
     on conflict (price_row) do nothing`,
    [
      bookHash,
      prices.map((price) => price.priceRow),
      prices.map((price) => price.model),
      prices.map((price) => JSON.stringify(price.terms)),
    ],
  );
}
