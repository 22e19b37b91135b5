import {
  activatePriceBook,
  nextSubmittedPriceBook,
  offerBuiltInPriceBook,
  priceBookInForce,
  type StoredPriceBook,
} from '@bursar/db/configuration/price-books';
import { insertFinding } from '@bursar/db/inbox/finding';
import type { Pool } from '@bursar/db/pool';
import { anthropicPrices } from '@bursar/pricing/anthropic-prices';
import { type PriceBook, priceBookHash } from '@bursar/pricing/price-book';
import { priceBookToJson, readPriceBook } from '@bursar/pricing/price-book-json';
import { indexPriceBook, type PriceIndex } from '@bursar/pricing/price-index';
import { whatItRewrites } from '@bursar/pricing/succession';
import type { Log } from '@bursar/runtime/log';

/** A price book ready for use, and the number that it has in the ledger. */
export type PricesInUse = { priceBookId: number; index: PriceIndex };

/** Offers the price book of this release, activates what was submitted, and reads what is in force. */
export class PriceBooks {
  readonly #pool: Pool;
  readonly #log: Log;
  readonly #builtIn: PriceBook;
  #offered = false;
  #inUse: PricesInUse | undefined;

  constructor(pool: Pool, log: Log, builtIn: PriceBook = anthropicPrices) {
    this.#pool = pool;
    this.#log = log;
    this.#builtIn = builtIn;
  }

  /** Activates every price book that waits. */
  async keep(): Promise<void> {
    if (!this.#offered) await this.#offer();
    for (;;) {
      const submitted = await nextSubmittedPriceBook(this.#pool);
      if (submitted === undefined) return;
      await this.#activate(submitted);
    }
  }

  /** The book of this number, which must be the one in force; read once. */
  async read(priceBookId: number | undefined): Promise<PricesInUse> {
    if (this.#inUse !== undefined && this.#inUse.priceBookId === priceBookId) return this.#inUse;
    const inForce = await priceBookInForce(this.#pool);
    if (inForce === undefined)
      throw new Error('no price book is in force; an aggregator puts one in force when it starts');
    this.#inUse = { priceBookId: inForce.priceBookId, index: indexPriceBook(bookOf(inForce)) };
    return this.#inUse;
  }

  async #offer(): Promise<void> {
    const submission = { contentHash: priceBookHash(this.#builtIn), bookJson: priceBookToJson(this.#builtIn) };
    await offerBuiltInPriceBook(this.#pool, { ...submission, reason: 'the price book of this release' });
    this.#offered = true;
  }

  async #activate(submitted: StoredPriceBook): Promise<void> {
    const { priceBookId } = submitted;
    const reading = readPriceBook(submitted.bookJson);
    const rows = reading.ok ? priceBookToJson(reading.book).rows : [];
    const terms = rows.map((row) => ({ priceRow: row.id, model: row.model, terms: row }));
    const outcome = await activatePriceBook(this.#pool, submitted, terms, (inForce) => refusal(submitted, inForce));
    if (outcome === 'active') this.#log.info({ priceBookId }, `price book ${priceBookId} is in force`);
    else if (outcome !== undefined) await this.#tellRefused(submitted, outcome.refusedBecause);
  }

  async #tellRefused({ priceBookId, isBuiltIn }: StoredPriceBook, because: string): Promise<void> {
    this.#log.warn({ priceBookId }, `price book ${priceBookId} was not put in force: ${because}`);
    if (!isBuiltIn) return;
    await insertFinding(this.#pool, {
      kind: 'price_book_not_taken',
      subject: `price_book/${priceBookId}`,
      sentence: `The price book of this release (number ${priceBookId}) was not put in force: ${because}`,
    });
  }
}

/** Why a price book may not follow the one in force; undefined when it may. Pure. */
export function refusal(submitted: StoredPriceBook, inForce: StoredPriceBook | undefined): string | undefined {
  const reading = readPriceBook(submitted.bookJson);
  if (!reading.ok) return reading.problems.map(({ path, message }) => `${path.join('.')} ${message}`.trim()).join('; ');
  if (inForce === undefined) return undefined;
  if (submitted.isBuiltIn && !inForce.isBuiltIn) {
    return (
      'the one in force was submitted by a person, and a release does not replace it. Take its new rows over: ' +
      'bursar prices export --built-in, then bursar prices apply'
    );
  }
  const rewritten = whatItRewrites(bookOf(inForce), reading.book);
  return rewritten.length === 0 ? undefined : rewritten.join('; ');
}

/** @throws Error when what is in force can't be read: it was damaged, or is of a later release. */
function bookOf({ priceBookId, bookJson }: StoredPriceBook): PriceBook {
  const reading = readPriceBook(bookJson);
  if (reading.ok) return reading.book;
  const [first] = reading.problems;
  throw new Error(
    `price book ${priceBookId} is in force and can't be read (${first?.path.join('.')} ${first?.message}); is it of a later release?`,
  );
}
