import {
  activatePriceBook,
  offerBuiltInPriceBook,
  priceBookInForce,
  priceBookNumbered,
  refusePriceBook,
  type StoredPriceBook,
  submittedPriceBooks,
} from '@bursar/db/configuration/price-books';
import type { Pool } from '@bursar/db/pool';
import { anthropicPrices } from '@bursar/pricing/anthropic-prices';
import { type PriceBook, priceBookHash } from '@bursar/pricing/price-book';
import { priceBookToJson, readPriceBook, rowJson } from '@bursar/pricing/price-book-json';
import { indexPriceBook, type PriceIndex } from '@bursar/pricing/price-index';
import type { Log } from '@bursar/runtime/log';
import { ExitError } from '@bursar/runtime/service';
import { EXIT_CODES } from './exit-code.ts';
import { judgePriceBook } from './judge-price-book.ts';

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

  /** Activates or refuses every price book that waits, but for those that only a later release can read. */
  async keep(): Promise<void> {
    if (!this.#offered) await this.#offer();
    for (const submitted of await submittedPriceBooks(this.#pool)) {
      while ((await this.#settle(submitted)) === 'judge_again');
    }
  }

  /** The book of this number; read once. @throws ExitError when this release can't read it. */
  async read(priceBookId: number | undefined): Promise<PricesInUse> {
    if (priceBookId === undefined)
      throw new Error('no price book is in force; an aggregator puts one in force when it starts');
    if (this.#inUse?.priceBookId === priceBookId) return this.#inUse;
    const { bookJson } = await priceBookNumbered(this.#pool, priceBookId);
    const reading = readPriceBook(bookJson);
    if (!reading.ok) throw unreadable(priceBookId, reading);
    this.#inUse = { priceBookId, index: indexPriceBook(reading.book) };
    return this.#inUse;
  }

  async #offer(): Promise<void> {
    const submission = { contentHash: priceBookHash(this.#builtIn), bookJson: priceBookToJson(this.#builtIn) };
    await offerBuiltInPriceBook(this.#pool, { ...submission, reason: 'the price book of this release' });
    this.#offered = true;
  }

  async #settle(book: StoredPriceBook): Promise<'done' | 'settled' | 'judge_again' | 'left'> {
    const { priceBookId } = book;
    const over = await priceBookInForce(this.#pool);
    const verdict = judgePriceBook(book, over, Date.now());
    if (verdict.kind === 'leave') return 'left';
    if (verdict.kind === 'refuse') {
      this.#log.warn({ priceBookId }, `price book ${priceBookId} is not put in force: ${verdict.because}`);
      return refusePriceBook(this.#pool, { book, over }, verdict.because);
    }
    const prices = verdict.book.rows.map((row) => ({ priceRow: row.id, model: row.model, terms: rowJson(row) }));
    const outcome = await activatePriceBook(this.#pool, { book, over }, prices);
    if (outcome === 'done') this.#log.info({ priceBookId }, `price book ${priceBookId} is in force`);
    return outcome;
  }
}

function unreadable(priceBookId: number, reading: Extract<ReturnType<typeof readPriceBook>, { ok: false }>): ExitError {
  const [first] = reading.problems;
  const todo = reading.isOfLaterForm
    ? 'it is of a later release: upgrade this aggregator'
    : `it was damaged (${first?.path.join('.')} ${first?.message}): put a sound one in force with bursar prices apply`;
  return new ExitError(`price book ${priceBookId} is in force and can't be read: ${todo}`, EXIT_CODES.schema);
}
