import type { TablePrice } from './price-table.ts';

/** A price that replaces another one for requests that begin from an instant on. */
export type PriceChange = {
  /** The row of the price table whose model changes. */
  readonly ofRow: string;
  readonly fromMs: number;
  readonly price: TablePrice;
};

/** Which price holds when, by the soak's own account. */
export class PriceHistory {
  readonly #changes: PriceChange[] = [];

  add(change: PriceChange): void {
    this.#changes.push(change);
    this.#changes.sort((a, b) => b.fromMs - a.fromMs);
  }

  /** What a request of that row's model costs when it begins at this instant. */
  at(price: TablePrice, startedMs: number): TablePrice {
    return this.#changes.find(({ ofRow, fromMs }) => ofRow === price.row && startedMs >= fromMs)?.price ?? price;
  }
}
