import type { Figures } from './figures.ts';
import { type Row, rowsOf } from './rows.ts';

/** The table as text for a terminal. */
export function printed(figures: Figures): string {
  const heading: Row = { what: '', measured: 'measured', aim: 'aim', notBelow: 'not done beyond' };
  const rows = [heading, ...rowsOf(figures)];
  const width = (of: (row: Row) => string) => Math.max(...rows.map((row) => of(row).length));
  const [what, measured, aim] = [width((row) => row.what), width((row) => row.measured), width((row) => row.aim)];
  return rows
    .map((row) =>
      `${row.what.padEnd(what)}  ${row.measured.padStart(measured)}  ${row.aim.padEnd(aim)}  ${row.notBelow}`.trimEnd(),
    )
    .join('\n');
}

/** One line on the machine and the day. */
export function circumstances({ machine, ranAt, quick }: Figures): string {
  const { cores, model, memoryGiB, node, kafka, postgres } = machine;
  return (
    `${ranAt.slice(0, 10)}, ${cores} cores (${model}), ${memoryGiB} GiB; Node ${node}, Kafka ${kafka}, ` +
    `PostgreSQL ${postgres}; load generator, broker, database and services on the same cores${quick ? '; quick run' : ''}`
  );
}
