import { type PriceBook, PriceBookError, type PriceRow, type Ratio } from './price-book.ts';

/** A row with its instants read once. */
export type IndexedRow = { row: PriceRow; fromMs: number; toMs: number };

/** A price book made ready for tens of thousands of look-ups per second. */
export type PriceIndex = {
  /** Rows by model and by each alias, newest first. */
  byModel: ReadonlyMap<string, readonly IndexedRow[]>;
  /** What a model without a price costs, newest first: the dearest of all rows in force, for each kind of token. */
  dearest: readonly IndexedRow[];
  batch: Ratio;
  usGeo: Ratio;
  webSearchPico: bigint;
};

/**
 * Indexes a price book. Do it once per book, not per request.
 * @throws PriceBookError when the book contradicts itself: duplicate ids, two rows for the same request, an alias to nowhere.
 */
export function indexPriceBook(book: PriceBook): PriceIndex {
  const rows = book.rows.map(indexRow).sort((a, b) => b.fromMs - a.fromMs);
  if (rows.length === 0)
    throw new PriceBookError('The price book has no rows; even an unknown model needs one to be priced by.');
  refuseContradictions(rows);
  const byModel = new Map(Object.entries(Object.groupBy(rows, ({ row }) => row.model)) as [string, IndexedRow[]][]);
  for (const [alias, model] of Object.entries(book.aliases)) {
    const priced = byModel.get(model);
    if (!priced || byModel.has(alias)) {
      throw new PriceBookError(
        `The alias ${alias} must name a priced model and not be one itself; it points to ${model}.`,
        { alias },
      );
    }
    byModel.set(alias, priced);
  }
  return {
    byModel,
    dearest: dearestOverTime(rows),
    batch: book.batch,
    usGeo: book.usGeo,
    webSearchPico: book.webSearchPico,
  };
}

/** The row for a model at an instant, or undefined: no price is known for it. */
export function findRow(
  index: PriceIndex,
  model: string,
  atMs: number,
  fast: boolean,
  promptTokens: number,
): PriceRow | undefined {
  const rows = index.byModel.get(model);
  if (!rows) return undefined;
  for (const { row, fromMs, toMs } of rows) {
    if (atMs < fromMs || atMs >= toMs || (row.speed === 'fast') !== fast) continue;
    if (
      !row.tier ||
      (promptTokens >= row.tier.minPromptTokens && promptTokens <= (row.tier.maxPromptTokens ?? Infinity))
    ) {
      return row;
    }
  }
  return undefined;
}

/** The stand-in price for a model that has none. Before the first row of the book the first stand-in holds. */
export function dearestRow(index: PriceIndex, atMs: number): PriceRow {
  const inForce = index.dearest.find(({ fromMs }) => atMs >= fromMs) ?? index.dearest.at(-1);
  return (inForce as IndexedRow).row;
}

function indexRow(row: PriceRow): IndexedRow {
  const fromMs = Date.parse(row.from);
  const toMs = row.to === undefined ? Infinity : Date.parse(row.to);
  if (!(fromMs < toMs))
    throw new PriceBookError(`The price row ${row.id} is in force from ${row.from} to ${row.to}: not a time range.`, {
      rowId: row.id,
    });
  return { row, fromMs, toMs };
}

function refuseContradictions(rows: readonly IndexedRow[]): void {
  const ids = new Set<string>();
  for (const { row } of rows) {
    if (ids.has(row.id)) throw new PriceBookError(`Two price rows have the id ${row.id}.`, { rowId: row.id });
    ids.add(row.id);
  }
  for (const rivals of Object.values(Object.groupBy(rows, ({ row }) => row.model))) refuseOverlaps(rivals ?? []);
}

function refuseOverlaps(rows: readonly IndexedRow[]): void {
  for (const [i, a] of rows.entries()) {
    const rival = rows.slice(i + 1).find((b) => bothApply(a, b));
    if (!rival) continue;
    const message = `The price rows ${rival.row.id} and ${a.row.id} hold for the same requests.`;
    throw new PriceBookError(message, { rowId: a.row.id });
  }
}

function bothApply(a: IndexedRow, b: IndexedRow): boolean {
  if (a.row.speed !== b.row.speed) return false;
  const sameTime = a.fromMs < b.toMs && b.fromMs < a.toMs;
  const [aMin, aMax] = promptRange(a.row);
  const [bMin, bMax] = promptRange(b.row);
  return sameTime && aMin <= bMax && bMin <= aMax;
}

function promptRange({ tier }: PriceRow): [min: number, max: number] {
  return [tier?.minPromptTokens ?? 0, tier?.maxPromptTokens ?? Infinity];
}

function dearestOverTime(rows: readonly IndexedRow[]): IndexedRow[] {
  const changes = new Set(rows.flatMap(({ fromMs, toMs }) => (toMs === Infinity ? [fromMs] : [fromMs, toMs])));
  const newestFirst = [...changes].sort((a, b) => b - a);
  return newestFirst.flatMap((atMs) => {
    const inForce = rows.filter(({ fromMs, toMs }) => atMs >= fromMs && atMs < toMs).map(({ row }) => row);
    return inForce.length === 0 ? [] : [{ row: dearestOf(inForce), fromMs: atMs, toMs: Infinity }];
  });
}

function dearestOf(rows: readonly PriceRow[]): PriceRow {
  const highest = (price: (row: PriceRow) => bigint) => rows.map(price).reduce(dearer);
  return {
    id: 'unknown',
    model: 'unknown',
    from: rows[0]?.from ?? '',
    speed: 'standard',
    inputPico: highest((row) => row.inputPico),
    outputPico: highest((row) => row.outputPico),
    cacheWrite5mPico: highest((row) => row.cacheWrite5mPico),
    cacheWrite1hPico: highest((row) => row.cacheWrite1hPico),
    cacheReadPico: highest((row) => row.cacheReadPico),
    usGeoSurcharge: true,
    source: 'the dearest rows in force',
  };
}

function dearer(a: bigint, b: bigint): bigint {
  if (a > b) return a;
  return b;
}
