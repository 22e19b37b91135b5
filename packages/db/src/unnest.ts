/**
 * A set of rows as one parameter per column: `from unnest($1::int[], …) as given (…)`.
 * Row objects carry the columns' names, so a row reads as it stands in the table.
 */
export type RowSet<Row> = {
  /** The `unnest(…) as given (…)` expression, its first parameter being $1 unless told. */
  from(firstParameter?: number): string;
  /** The column names, comma-separated, for an insert list. */
  readonly columns: string;
  readonly width: number;
  parameters(rows: readonly Row[]): unknown[][];
};

export function rowSet<Row extends Record<string, unknown>>(
  types: Readonly<Record<keyof Row & string, string>>,
): RowSet<Row> {
  const names = Object.keys(types);
  return {
    columns: names.join(', '),
    width: names.length,
    from(firstParameter = 1) {
      const arrays = names.map((name, index) => `$${firstParameter + index}::${types[name]}[]`);
      return `unnest(${arrays.join(', ')}) as given (${names.join(', ')})`;
    },
    parameters: (rows) => names.map((name) => rows.map((row) => row[name])),
  };
}
