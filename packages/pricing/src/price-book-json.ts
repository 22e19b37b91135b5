import { z } from 'zod';
import { formatUsd, parseUsd } from './money.ts';
import { type PriceBook, PriceBookError, type PriceRow, type Ratio } from './price-book.ts';
import { indexPriceBook } from './price-index.ts';

/** Grows when an older release could not read what a newer one writes. */
export const PRICE_BOOK_FORM = 1;
const TOKENS_PER_PRICE = 1_000_000n;
/** What the ledger writes where no row of the book holds. */
const TAKEN_IDS = ['unknown', 'none'];
/** No request that the ledger takes can cost more than a stored amount holds, whatever a book says within these. */
const MOST_PER_MILLION_USD = 10_000;
const MOST_PER_SEARCH_USD = 100;

const usd = (most: number, what: string) =>
  z
    .string({ error: `must be a text, ${what}, such as "0.25"` })
    .refine((text) => /^\d{1,5}(\.\d{1,6})?$/.test(text) && Number(text) <= most, {
      error: `must be ${what}: at most ${most}, with up to 6 decimals, such as "0.25"`,
    })
    .transform(parseUsd);
const pricePerMillion = usd(MOST_PER_MILLION_USD, 'USD per million tokens').transform((usd) => usd / TOKENS_PER_PRICE);

const instant = z.iso.datetime({ error: 'must be an instant in UTC, such as "2026-12-01T00:00:00Z"' });
const name = z
  .string({ error: 'must be a text' })
  .min(1, 'must not be empty')
  .max(200, 'has more than 200 characters')
  .regex(/^[^\p{C}]+$/u, 'holds characters that can not be seen')
  .refine((text) => !/sk-ant-[\w-]{20,}/.test(text), 'looks like an API key: remove it and revoke the key');

const ratio = z
  .string({ error: 'must be a text, a fraction such as "1/2"' })
  .regex(/^[1-9]\d{0,2}\/[1-9]\d{0,2}$/, 'must be a fraction of whole numbers from 1 to 999, such as "1/2"')
  .transform((text): Ratio => {
    const [numerator = '', denominator = ''] = text.split('/');
    return { numerator: BigInt(numerator), denominator: BigInt(denominator) };
  })
  .refine(({ numerator, denominator }) => numerator <= 4n * denominator, 'is more than four times the price');

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
  form: z.literal(PRICE_BOOK_FORM, { error: `must be ${PRICE_BOOK_FORM}` }),
  /** The number of the book that this one was made from. */
  follows: z.int('must be the number of a price book').exactOptional(),
  rows: z
    .array(storedRow, { error: 'must be a list' })
    .min(1, 'must have at least one row')
    .max(2_000, 'has more than 2,000 rows'),
  aliases: z.record(name, name, { error: 'must name models by their other names' }),
  batchFactor: ratio,
  usGeoFactor: ratio,
  webSearchUsd: usd(MOST_PER_SEARCH_USD, 'USD per search'),
});

/** `path` leads to the value, empty for the book as a whole. */
export type PriceBookProblem = { path: (string | number)[]; message: string };
export type ReadPriceBook =
  | { ok: true; book: PriceBook; follows: number | undefined }
  | { ok: false; problems: PriceBookProblem[]; isOfLaterForm: boolean };

/** Reads the JSON form of a price book, or tells everything that is wrong with it. Never throws for bad input. */
export function readPriceBook(json: unknown): ReadPriceBook {
  const parsed = storedBook.safeParse(json, { reportInput: true });
  const problems = [...(parsed.success ? [] : parsed.error.issues.flatMap(problemsOf)), ...hiddenAliases(json)];
  if (!parsed.success || problems.length > 0)
    return { ok: false, problems, isOfLaterForm: formOf(json) > PRICE_BOOK_FORM };
  const { rows, aliases, batchFactor, usGeoFactor, webSearchUsd, follows } = parsed.data;
  const book = { rows: rows.map(rowOf), aliases, batch: batchFactor, usGeo: usGeoFactor, webSearchPico: webSearchUsd };
  try {
    indexPriceBook(book);
    return { ok: true, book, follows };
  } catch (error) {
    if (!(error instanceof PriceBookError)) throw error;
    return { ok: false, problems: [{ path: placeOf(error, book), message: error.message }], isOfLaterForm: false };
  }
}

/** The JSON form of a price book; `readPriceBook` reads it back to the same prices. */
export function priceBookToJson(book: PriceBook): PriceBookJson {
  return {
    form: PRICE_BOOK_FORM,
    rows: book.rows.map(rowJson),
    aliases: Object.fromEntries(Object.entries(book.aliases).sort(([a], [b]) => (a < b ? -1 : 1))),
    batchFactor: ratioText(book.batch),
    usGeoFactor: ratioText(book.usGeo),
    webSearchUsd: plainUsd(book.webSearchPico),
  };
}

/** The JSON form of one row. */
export function rowJson(row: PriceRow): PriceBookJson['rows'][number] {
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
  if (issue.code === 'invalid_key') return [{ path, message: issue.issues[0]?.message ?? issue.message }];
  const missing = issue.code === 'invalid_type' && issue.input === undefined;
  const noBook = path.length === 0 && issue.code === 'invalid_type';
  return [{ path, message: missing ? 'is missing' : noBook ? 'this is no price book' : issue.message }];
}

/** What a plain object can not hold as a name of its own would be passed over. */
function hiddenAliases(json: unknown): PriceBookProblem[] {
  const aliases = (json as { aliases?: unknown } | null)?.aliases;
  const isHidden = typeof aliases === 'object' && aliases !== null && Object.hasOwn(aliases, '__proto__');
  return isHidden ? [{ path: ['aliases', '__proto__'], message: 'is no name of a model' }] : [];
}

function formOf(json: unknown): number {
  return Number((json as { form?: unknown } | null)?.form ?? 0);
}

function placeOf({ rowId, alias }: PriceBookError, { rows }: PriceBook): PriceBookProblem['path'] {
  if (alias !== undefined) return ['aliases', alias];
  const index = rows.findLastIndex(({ id }) => id === rowId);
  return index === -1 ? [] : ['rows', index];
}
