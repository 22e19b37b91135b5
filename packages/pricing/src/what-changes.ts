import type { PriceBook, PriceRow } from './price-book.ts';

/** What a successor changes, for the person who applies it. */
export type PriceChanges = {
  readonly added: readonly PriceRow[];
  /** Rows that end, or end at another time. */
  readonly ended: readonly PriceRow[];
  /** Rows that end without another one of their model, speed and prompt length going on from there. */
  readonly unpriced: readonly PriceRow[];
};

export function whatChanges(before: PriceBook, after: PriceBook): PriceChanges {
  const known = new Map(before.rows.map((row) => [row.id, row]));
  const ended = after.rows.filter((row) => known.has(row.id) && known.get(row.id)?.to !== row.to);
  return {
    added: after.rows.filter(({ id }) => !known.has(id)),
    ended,
    unpriced: ended.filter((row) => row.to !== undefined && !after.rows.some((next) => goesOn(row, next))),
  };
}

function goesOn(ended: PriceRow, next: PriceRow): boolean {
  const same = next.model === ended.model && next.speed === ended.speed;
  const [min, max] = [next.tier?.minPromptTokens ?? 0, next.tier?.maxPromptTokens ?? Infinity];
  const covers = min <= (ended.tier?.minPromptTokens ?? 0) && max >= (ended.tier?.maxPromptTokens ?? Infinity);
  return (
    same && covers && Date.parse(next.from) <= Date.parse(ended.to!) && next.to !== ended.to && next.id !== ended.id
  );
}
