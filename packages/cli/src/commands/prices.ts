import {
  priceBookActivation,
  priceBookInForce,
  type StoredPriceBook,
  submitPriceBook,
} from '@bursar/db/configuration/price-books';
import { anthropicPrices } from '@bursar/pricing/anthropic-prices';
import { priceBookHash } from '@bursar/pricing/price-book';
import { priceBookToJson, readPriceBook } from '@bursar/pricing/price-book-json';
import { whatItRewrites } from '@bursar/pricing/succession';
import { ExitError } from '@bursar/runtime/exit-error';
import type { Command } from 'commander';
import { untilInForce } from '../connection/put-in-force.ts';
import { type Context, withSession } from '../context.ts';
import { parseCount, parseReason } from '../options.ts';
import { cleanJson } from '../output/clean-text.ts';
import { type PricesFile, readPricesFile } from '../prices-source.ts';
import { priceChangeLines } from '../story/price-changes.ts';
import { WrongUseError } from '../wrong-use-error.ts';

export function addPrices(program: Command, context: Context): void {
  const prices = program
    .command('prices')
    .description('the price book: what a token costs, from when, and who says so')
    .addHelpText('after', '\nExample:\n  bursar prices export > prices.json');
  prices
    .command('export')
    .option('--built-in', 'the one that this release brings, not the one in force')
    .description('print the price book in force as JSON, to be edited and applied')
    .addHelpText('after', '\nExample:\n  bursar prices export > prices.json')
    .action(async ({ builtIn = false }: { builtIn?: boolean }, command: Command) => {
      const book = builtIn ? priceBookToJson(anthropicPrices) : await bookInForce(context, command);
      context.terminal.printVerbatim(`${cleanJson(book)}\n`);
    });
  prices
    .command('apply')
    .argument('<file>', 'a price book as `bursar prices export` prints it')
    .requiredOption('--reason <text>', 'why, for the record')
    .option('--wait <seconds>', 'how long to wait for the aggregator', '10')
    .description('check a price book, tell what it changes and put it in force, without a restart')
    .addHelpText(
      'after',
      `
A row stays for ever: end it with "to" and add a new one. What was counted keeps its cost; requests that are counted
from now on are priced by the row that held when they began.

Example:
  bursar prices apply prices.json --reason "haiku gets cheaper in December"`,
    )
    .action((file: string, options: Options, command: Command) => apply(context, file, options, command));
}

type Options = { reason: string; wait: string };

async function apply(context: Context, path: string, options: Options, command: Command): Promise<void> {
  const reason = parseReason(options.reason);
  const waitMs = parseCount(options.wait, '--wait', 3_600) * 1_000;
  const file = readPricesFile(path);
  await withSession(context, command, async ({ db, now }) => {
    const inForce = await priceBookInForce(db);
    for (const line of changesOf(path, file, inForce, now)) context.terminal.say(line);
    const { book, follows } = file;
    const bookJson = { ...(follows !== undefined && { follows }), ...priceBookToJson(book) };
    const id = await submitPriceBook(db, { contentHash: priceBookHash(book), bookJson, reason });
    await untilInForce(context, `Price book ${id}`, waitMs, () => priceBookActivation(db, id));
  });
}

/** What a file changes of the book in force. Throws WrongUseError, with places, when it may not follow it. */
function changesOf(path: string, file: PricesFile, inForce: StoredPriceBook | undefined, now: Date): string[] {
  const before = inForce && readPriceBook(inForce.bookJson);
  if (inForce === undefined || !before?.ok) return [];
  const { book, follows } = file;
  if (follows !== undefined && follows !== inForce.priceBookId) {
    throw new WrongUseError(
      `${path} was made from price book ${follows}, and ${inForce.priceBookId} is in force: export that one and make the change again.`,
    );
  }
  const rewritten = whatItRewrites(before.book, book, now.getTime());
  if (rewritten.length > 0) {
    const placed = rewritten.map(({ rowId, message }) => {
      const index = book.rows.findIndex(({ id }) => id === rowId);
      return { path: index === -1 ? [] : ['rows', index], message };
    });
    throw file.wrong(placed);
  }
  return priceChangeLines(before.book, book);
}

async function bookInForce(context: Context, command: Command): Promise<unknown> {
  return await withSession(context, command, async ({ db }) => {
    const inForce = await priceBookInForce(db);
    if (inForce !== undefined) return { follows: inForce.priceBookId, ...inReadingOrder(inForce.bookJson) };
    throw new ExitError(
      'No price book is in force yet: an aggregator puts one in force when it starts. See: bursar status',
    );
  });
}

/** The database keeps no order of fields. What it holds is shown as it is when this release can't read it. */
function inReadingOrder(bookJson: unknown): object {
  const reading = readPriceBook(bookJson);
  return reading.ok ? priceBookToJson(reading.book) : (bookJson as object);
}
