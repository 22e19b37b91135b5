import type { StoredPriceBook } from '@bursar/db/configuration/price-books';
import { type PriceBook, priceBookHash } from '@bursar/pricing/price-book';
import { readPriceBook } from '@bursar/pricing/price-book-json';
import { whatItRewrites } from '@bursar/pricing/succession';

/** `leave`: a later release is to judge it. */
export type PriceBookVerdict =
  | { kind: 'activate'; book: PriceBook }
  | { kind: 'refuse'; because: string }
  | { kind: 'leave' };

/** Whether a price book may follow the one in force. Pure. */
export function judgePriceBook(
  submitted: StoredPriceBook,
  inForce: StoredPriceBook | undefined,
  nowMs: number,
): PriceBookVerdict {
  const reading = readPriceBook(submitted.bookJson);
  const before = inForce && readPriceBook(inForce.bookJson);
  if (isOfLaterForm(reading) || isOfLaterForm(before)) return { kind: 'leave' };
  if (!reading.ok) {
    const problems = reading.problems.map(({ path, message }) => `${path.join('.')} ${message}`.trim());
    return { kind: 'refuse', because: problems.join('; ') };
  }
  const { book, follows } = reading;
  if (priceBookHash(book) !== submitted.contentHash)
    return { kind: 'refuse', because: 'its hash is not that of what it says' };
  if (inForce === undefined) return { kind: 'activate', book };
  if (submitted.isBuiltIn && !inForce.isBuiltIn) return { kind: 'refuse', because: OVER_A_PERSON };
  if (follows !== undefined && follows !== inForce.priceBookId) {
    const because = `it was made from price book ${follows}, and ${inForce.priceBookId} is in force: export that one and make the change again`;
    return { kind: 'refuse', because };
  }
  // One in force that can't be read was damaged by hand: then any that can be is better.
  const rewritten = before?.ok ? whatItRewrites(before.book, book, nowMs) : [];
  return rewritten.length === 0
    ? { kind: 'activate', book }
    : { kind: 'refuse', because: rewritten.map(({ message }) => message).join('; ') };
}

const OVER_A_PERSON =
  'the one in force was submitted by a person, and a release does not replace it. Take its new rows over: ' +
  'bursar prices export --built-in shows them, bursar prices apply puts them in force';

function isOfLaterForm(reading: ReturnType<typeof readPriceBook> | undefined): boolean {
  return reading !== undefined && !reading.ok && reading.isOfLaterForm;
}
