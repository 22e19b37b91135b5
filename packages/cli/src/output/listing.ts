import { stringify } from 'csv-stringify/sync';
import { cleanJson, cleanText } from './clean-text.ts';
import { type Cell, tableLines } from './table.ts';
import type { Terminal, Tone } from './terminal.ts';

export const FORMATS = ['table', 'json', 'csv'] as const;
export type Format = (typeof FORMATS)[number];
export type Value = string | number | boolean | Date | null | undefined;

/** One column of a listing, for every format at once. */
export type Column<Row> = {
  /** In JSON and CSV; with the unit in the name. */
  key: string;
  /** In the table; left out: only for programs. */
  title?: string;
  /** `text` came from people and is guarded in CSV; `exact` is a decimal string that no format rewrites. */
  kind: 'text' | 'exact' | 'count' | 'time';
  value(row: Row): Value;
  /** How people see it, if not as it is. */
  people?(row: Row): string;
  tone?(row: Row): Tone;
  /** A sentence: the table never cuts it. Only as the last column. */
  whole?: boolean;
};

export type Listing<Row> = {
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  /** The last row of the table; the other formats leave adding to the reader. */
  total?: Row;
  /** What a person reads instead of an empty table. */
  whenEmpty: string;
};

/** Writes rows as a table for people, or exactly for programs. */
export function writeListing<Row>(terminal: Terminal, format: Format, listing: Listing<Row>): void {
  if (format === 'json') terminal.printVerbatim(`${cleanJson(asObjects(listing))}\n`);
  else if (format === 'csv') terminal.printVerbatim(asCsv(listing));
  else if (listing.rows.length === 0) terminal.say(listing.whenEmpty);
  else for (const line of asTable(listing)) terminal.print(line);
}

export function asTable<Row>({ columns, rows, total }: Listing<Row>) {
  const shown = columns.filter(({ title }) => title !== undefined);
  const cells = (row: Row) => shown.map((column) => cellOf(column, row));
  const heads = shown.map(({ title, kind }) => ({
    title: title!,
    align: kind === 'exact' || kind === 'count' ? ('right' as const) : ('left' as const),
  }));
  return tableLines(heads, rows.map(cells), total && named(cells(total)));
}

/** A last row without a name of its own is called total. */
function named([first, ...others]: Cell[]): Cell[] {
  return [{ ...first!, text: first!.text || 'total' }, ...others];
}

export function asObjects<Row>({ columns, rows }: Pick<Listing<Row>, 'columns' | 'rows'>): Record<string, unknown>[] {
  return rows.map((row) => Object.fromEntries(columns.map((column) => [column.key, column.value(row) ?? null])));
}

export function asCsv<Row>({ columns, rows }: Pick<Listing<Row>, 'columns' | 'rows'>, header = true): string {
  const records = rows.map((row) => columns.map((column) => csvValue(column, row)));
  return stringify(records, { header, columns: columns.map(({ key }) => key) });
}

function cellOf<Row>(column: Column<Row>, row: Row): Cell {
  const text = column.people?.(row) ?? plain(column.value(row));
  return { text, tone: column.tone?.(row) ?? 'plain', whole: column.whole ?? false };
}

function csvValue<Row>(column: Column<Row>, row: Row): string {
  const text = plain(column.value(row));
  return column.kind === 'text' ? withoutFormula(cleanText(text)) : text;
}

/** A spreadsheet runs a cell that begins like this; an apostrophe makes it text. */
function withoutFormula(text: string): string {
  return /^\s*[=+\-@＝＋－＠]/.test(text) ? `'${text}` : text;
}

function plain(value: Value): string {
  if (value instanceof Date) return value.toISOString();
  return value === null || value === undefined ? '' : String(value);
}
