import { z } from 'zod';
import { formatUsd, parseUsd } from './money.ts';
import type { PriceBook, PriceRow, Ratio } from './price-book.ts';
import { indexPriceBook } from './price-index.ts';

const TOKENS_PER_PRICE = 1_000_000n;
/** What the ledger writes where no row of the book holds. */
const TAKEN_IDS = ['unknown', 'none', ''];

const pricePerMillion = z
  .string({ error: 'must be a text of USD per million tokens, such as "0.25"' })
  .regex(/^\d{1,9}(\.\d{1,6})?$/, 'must be USD per million tokens with at most 6 decimals, such as "0.25"')
  .transform((text) => parseUsd(text) / TOKENS_PER_PRICE);

const instant = z.iso.datetime({ error: 'must be an instant in UTC, such as "2026-12-01T00:00:00Z"' });
const name = z.string({ error: 'must be a text' }).min(1, 'must not be empty').max(200, 'has more than 200 characters');

const ratio = z
  .string({ error: 'must be a fraction such as "1/2"' })
  .regex(/^[1-9]\d{0,5}\/[1-9]\d{0,5}$/, 'must be a fraction of whole numbers, such as "1/2"')
  .transform((text): Ratio => {
    const [numerator = '', denominator = ''] = text.split('/');
    return { numerator: BigInt(numerator), denominator: BigInt(denominator) };
  });

const promptTokens = z.int('must be a whole number of tokens').min(0, 'must not be negative');

const storedRow = z.strictObject({
  id: name.refine((id) => !TAKEN_IDS.includes(id), 'is the name of something else; take another'),
  model: name,
  from: instant,
  to: instant.exactOptional(),
  tier: z
    .strictObject({ minPromptTokens: promptTokens, maxPromptTokens: promptTokens.exactOptional() })
    .exactOptional(),
  speed: z.enum(['standard', 'fast'], { error: 'must be "standard" or "fast"' }),
  usdPerMillion: z.strictObject({
    input: pricePerMillion,
    output: pricePerMillion,
    cacheWrite5m: pricePerMillion,
    cacheWrite1h: pricePerMillion,
    cacheRead: pricePerMillion,
  }),
  usGeoSurcharge: z.boolean('must be true or false'),
  source: name,
});

/** A price book as files and the ledger hold it: USD per million tokens, as Anthropic prints prices. */
export type PriceBookJson = z.input<typeof storedBook>;

const storedBook = z.strictObject({
  rows: z.array(storedRow).min(1, 'must have at least one row').max(2_000, 'has more than 2,000 rows'),
  aliases: z.record(name, name),
  batchFactor: ratio,
  usGeoFactor: ratio,
  webSearchUsd: z
    .string({ error: 'must be a text of USD per search, such as "0.01"' })
    .regex(/^\d{1,9}(\.\d{1,12})?$/, 'must be USD per search, such as "0.01"')
    .transform(parseUsd),
});

/** `path` leads to the value, empty for the book as a whole. */
export type PriceBookProblem = { path: (string | number)[]; message: string };
export type ReadPriceBook = { ok: true; book: PriceBook } | { ok: false; problems: PriceBookProblem[] };

/** Reads the JSON form of a price book, or tells everything that is wrong with it. Never throws for bad input. */
export function readPriceBook(json: unknown): ReadPriceBook {
  const parsed = storedBook.safeParse(json, { reportInput: true });
  if (!parsed.success) return { ok: false, problems: parsed.error.issues.flatMap(problemsOf) };
  const { rows, aliases, batchFactor, usGeoFactor, webSearchUsd } = parsed.data;
  const book = { rows: rows.map(rowOf), aliases, batch: batchFactor, usGeo: usGeoFactor, webSearchPico: webSearchUsd };
  try {
    indexPriceBook(book);
    return { ok: true, book };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { ok: false, problems: [{ path: [], message: error.message }] };
  }
}

/** The JSON form of a price book; `readPriceBook` reads it back to the same prices. */
export function priceBookToJson(book: PriceBook): PriceBookJson {
  return {
    rows: book.rows.map(rowJson),
    aliases: Object.fromEntries(Object.entries(book.aliases).sort(([a], [b]) => (a < b ? -1 : 1))),
    batchFactor: ratioText(book.batch),
    usGeoFactor: ratioText(book.usGeo),
    webSearchUsd: plainUsd(book.webSearchPico),
  };
}

function rowOf({ usdPerMillion, to, tier, ...row }: z.output<typeof storedRow>): PriceRow {
  return {
    ...row,
    ...(to !== undefined && { to }),
    ...(tier !== undefined && { tier }),
    inputPico: usdPerMillion.input,
    outputPico: usdPerMillion.output,
    cacheWrite5mPico: usdPerMillion.cacheWrite5m,
    cacheWrite1hPico: usdPerMillion.cacheWrite1h,
    cacheReadPico: usdPerMillion.cacheRead,
  };
}

function rowJson(row: PriceRow): PriceBookJson['rows'][number] {
  const { id, model, from, to, tier, speed, usGeoSurcharge, source } = row;
  return {
    ...{ id, model, from, ...(to !== undefined && { to }), ...(tier && { tier }), speed },
    usdPerMillion: {
      input: perMillion(row.inputPico),
      output: perMillion(row.outputPico),
      cacheWrite5m: perMillion(row.cacheWrite5mPico),
      cacheWrite1h: perMillion(row.cacheWrite1hPico),
      cacheRead: perMillion(row.cacheReadPico),
    },
    ...{ usGeoSurcharge, source },
  };
}

function perMillion(picoPerToken: bigint): string {
  return plainUsd(picoPerToken * TOKENS_PER_PRICE);
}

/** Exact, with the two decimals that people expect, or more where they are needed. */
function plainUsd(pico: bigint): string {
  return formatUsd(pico).replace(/(\.\d\d\d*?)0+$/, '$1');
}

function ratioText({ numerator, denominator }: Ratio): string {
  return `${numerator}/${denominator}`;
}

function problemsOf(issue: z.core.$ZodIssue): PriceBookProblem[] {
  const path = issue.path.filter((step) => typeof step !== 'symbol');
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ path: [...path, key], message: 'is an unknown field' }));
  if (issue.code === 'invalid_type') {
    const missing = issue.input === undefined;
    return [{ path, message: missing ? 'is missing' : issue.message }];
  }
  return [{ path, message: issue.message }];
}
