import { type PriceBook, type PriceRow, pricedTerms } from './price-book.ts';

/** What is wrong with a book as the next one. `rowId`: the row that it is about, where it is about one. */
export type Rewriting = { rowId?: string; message: string };

/**
 * What a price book would rewrite of what costs were counted by. A stored cost names its row for ever, so a row stays as it is;
 * its end may become known, and an end that is still to come may move. What bears no date (factors, the price of a search, what an
 * alias means) stays altogether. Empty when it is a rightful successor.
 */
export function whatItRewrites(before: PriceBook, after: PriceBook, nowMs: number): Rewriting[] {
  return [
    ...before.rows.flatMap((row) => ofRow(row, after, nowMs)),
    ...ofAliases(before, after),
    ...ofFactors(before, after),
  ];
}

function ofRow(row: PriceRow, after: PriceBook, nowMs: number): Rewriting[] {
  const next = after.rows.find(({ id }) => id === row.id);
  const told = (what: string) => [{ rowId: row.id, message: `the row ${row.id} ${what}` }];
  if (next === undefined) return told('is gone; keep it, with an end ("to") if it has one');
  if (costs(row) !== costs(next)) return told('says something else; end it ("to") and add a row with an id of its own');
  if (row.to === next.to || row.to === undefined) return [];
  if (next.to === undefined) return told(`would have no end any more; it ended or ends at ${row.to}`);
  const isPast = Date.parse(row.to) <= nowMs || Date.parse(next.to) <= nowMs;
  return isPast
    ? told(`ended or ends at ${row.to}; only an end that is still to come can be moved, to one to come`)
    : [];
}

function costs({ to: _, ...row }: PriceRow): string {
  return pricedTerms(row);
}

function ofAliases(before: PriceBook, after: PriceBook): Rewriting[] {
  return Object.entries(before.aliases).flatMap(([alias, model]) =>
    Object.hasOwn(after.aliases, alias) && after.aliases[alias] === model
      ? []
      : [{ message: `the alias ${alias} means ${model}, and must go on to` }],
  );
}

function ofFactors(before: PriceBook, after: PriceBook): Rewriting[] {
  const { rows: _, aliases: __, ...undated } = before;
  return (Object.keys(undated) as (keyof typeof undated)[]).flatMap((name) =>
    text(before[name]) === text(after[name])
      ? []
      : [{ message: `${NAMES[name]} has no date yet, so it can not be changed` }],
  );
}

const NAMES = { batch: 'batchFactor', usGeo: 'usGeoFactor', webSearchPico: 'webSearchUsd' } as const;

function text(value: unknown): string {
  return JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? String(part) : part));
}
