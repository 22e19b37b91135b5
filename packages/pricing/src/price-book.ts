import { createHash } from 'node:crypto';

/** The prompt lengths a row is for, both ends inclusive. Prompt = input + cache reads + cache writes. */
export type PromptTier = { minPromptTokens: number; maxPromptTokens?: number };

/** What one model costs from an instant on. All prices are pico-dollars (1e-12 USD) per token. */
export type PriceRow = {
  id: string;
  model: string;
  /** ISO instant, inclusive. */
  from: string;
  /** ISO instant, exclusive; absent while the row is in force. */
  to?: string;
  /** Absent: any prompt length. A tier's price holds for all tokens of the request, output too. */
  tier?: PromptTier;
  speed: 'standard' | 'fast';
  inputPico: bigint;
  outputPico: bigint;
  cacheWrite5mPico: bigint;
  cacheWrite1hPico: bigint;
  cacheReadPico: bigint;
  /** `inference_geo: us` raises the price of every token of this model. */
  usGeoSurcharge: boolean;
  /** Who says so. */
  source: string;
};

/** An exact factor on the price of tokens. */
export type Ratio = { numerator: bigint; denominator: bigint };

export type PriceBook = {
  rows: readonly PriceRow[];
  /** Other names of a row's model, such as dated ids. */
  aliases: Readonly<Record<string, string>>;
  batch: Ratio;
  usGeo: Ratio;
  webSearchPico: bigint;
};

/** A price book contradicts itself; says where, when it is one row or one alias. */
export class PriceBookError extends RangeError {
  override readonly name = 'PriceBookError';
  readonly rowId: string | undefined;
  readonly alias: string | undefined;

  constructor(message: string, { rowId, alias }: { rowId?: string; alias?: string } = {}) {
    super(message);
    this.rowId = rowId;
    this.alias = alias;
  }
}

/** SHA-256 (hex) over everything that can change a cost; the order of rows and aliases does not matter. */
export function priceBookHash(book: PriceBook): string {
  const rows = book.rows.map(pricedTerms).sort();
  const aliases = canonical(book.aliases);
  const factors = canonical({ batch: book.batch, usGeo: book.usGeo, webSearchPico: book.webSearchPico });
  return createHash('sha256')
    .update([...rows, aliases, factors].join('\n'))
    .digest('hex');
}

/** Everything of a row that decides a cost, as one text: equal texts mean the same price. */
export function pricedTerms({ source: _, from, to, ...priced }: PriceRow): string {
  return canonical({ ...priced, fromMs: Date.parse(from), ...(to !== undefined && { toMs: Date.parse(to) }) });
}

function canonical(value: object): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (typeof part === 'bigint') return part.toString();
    if (part === null || typeof part !== 'object') return part;
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
