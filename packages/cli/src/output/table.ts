import { cleanText } from './clean-text.ts';
import type { Line, Tone } from './terminal.ts';

export type Cell = { text: string; tone?: Tone; whole?: boolean };
export type TableColumn = { title: string; align: 'left' | 'right' };

const WIDEST_CELL = 44;

/** Lines with the columns under each other; `total` follows after a rule. Long cells end in `…`. */
export function tableLines(columns: readonly TableColumn[], rows: readonly Cell[][], total?: readonly Cell[]): Line[] {
  const shown = [...rows, ...(total ? [total] : [])].map((row) => row.map(shorten));
  const widths = columns.map(({ title }, i) => Math.max(title.length, ...shown.map((row) => row[i]!.text.length)));
  const line = (cells: readonly Cell[]): Line =>
    cells.flatMap((cell, i) => {
      const text = pad(cell.text, widths[i]!, columns[i]!.align, i === cells.length - 1);
      return [{ text, tone: cell.tone ?? 'plain' }, ...(i < cells.length - 1 ? ['  '] : [])];
    });
  const header = line(columns.map(({ title }) => ({ text: title, tone: 'strong' })));
  const body = shown.slice(0, rows.length).map(line);
  const rule = { text: widths.map((width) => '─'.repeat(width)).join('  '), tone: 'quiet' } as const;
  return [header, ...body, ...(total ? [rule, line(shown.at(-1)!)] : [])];
}

/** Cleaned first: what is written out takes more room than what it stands for. */
function shorten(cell: Cell): Cell {
  const clean = cleanText(cell.text);
  return {
    ...cell,
    text: clean.length > WIDEST_CELL && cell.whole !== true ? `${clean.slice(0, WIDEST_CELL - 1)}…` : clean,
  };
}

function pad(text: string, width: number, align: 'left' | 'right', last: boolean): string {
  if (align === 'right') return text.padStart(width);
  return last ? text : text.padEnd(width);
}
