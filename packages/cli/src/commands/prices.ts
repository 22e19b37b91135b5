import { priceBookActivation, priceBookInForce, submitPriceBook } from '@bursar/db/configuration/price-books';
import { anthropicPrices } from '@bursar/pricing/anthropic-prices';
import { priceBookHash } from '@bursar/pricing/price-book';
import { priceBookToJson, readPriceBook } from '@bursar/pricing/price-book-json';
import { ExitError } from '@bursar/runtime/exit-error';
import type { Command } from 'commander';
import { untilInForce } from '../connection/put-in-force.ts';
import { type Context, withSession } from '../context.ts';
import { parseCount, parseReason } from '../options.ts';
import { cleanJson } from '../output/clean-text.ts';
import { readPricesFile } from '../prices-source.ts';

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
    .description('check a price book and put it in force, without a restart')
    .addHelpText(
      'after',
      `
A row stays for ever: end it with "to" and add a new one. What was counted keeps its cost; requests that are counted
from now on are priced by the row that held when they began.

Example:
  bursar prices apply prices.json --reason "haiku gets cheaper in December"`,
    )
    .action(async (file: string, options: { reason: string; wait: string }, command: Command) => {
      const reason = parseReason(options.reason);
      const waitMs = parseCount(options.wait, '--wait', 3_600) * 1_000;
      const book = readPricesFile(file);
      await withSession(context, command, async ({ db }) => {
        const submission = { contentHash: priceBookHash(book), bookJson: priceBookToJson(book), reason };
        const id = await submitPriceBook(db, submission);
        await untilInForce(context, `Price book ${id}`, waitMs, () => priceBookActivation(db, id));
      });
    });
}

async function bookInForce(context: Context, command: Command): Promise<unknown> {
  return await withSession(context, command, async ({ db }) => {
    const inForce = await priceBookInForce(db);
    if (inForce !== undefined) return inReadingOrder(inForce.bookJson);
    throw new ExitError(
      'No price book is in force yet: an aggregator puts one in force when it starts. See: bursar status',
    );
  });
}

/** The database keeps no order of fields. What it holds is shown as it is when this release can't read it. */
function inReadingOrder(bookJson: unknown): unknown {
  const reading = readPriceBook(bookJson);
  return reading.ok ? priceBookToJson(reading.book) : bookJson;
}
