import { pipeline } from 'node:stream/promises';
import { from as copyFrom } from 'pg-copy-streams';
import type { Connection } from '../pool.ts';
import { CopyBuffer } from './copy-buffer.ts';

type Write = (buffer: CopyBuffer, value: never) => void;

/** By type; every other is written as text, which is how PostgreSQL receives enums and json. A type that it does not receive so is refused. */
const writers: Readonly<Record<string, Write>> = {
  smallint: (buffer, value: number) => buffer.smallint(value),
  int: (buffer, value: number) => buffer.int(value),
  bigint: (buffer, value: number | string) => buffer.bigint(value),
  boolean: (buffer, value: boolean) => buffer.boolean(value),
  uuid: (buffer, value: string) => buffer.uuid(value),
  timestamptz: (buffer, value: Date) => buffer.timestamptz(value),
  numeric: (buffer, value: string) => buffer.numeric(value),
};
const asText: Write = (buffer, value: string) => buffer.text(value);

/** Rows of one table as a binary COPY. Row objects carry the columns' names, as in `rowSet`. */
export type CopySet<Row> = {
  encode(rows: readonly Row[]): Buffer;
  copy(connection: Connection, rows: readonly Row[]): Promise<void>;
};

export function copySet<Row extends Record<string, unknown>>(
  table: string,
  types: Readonly<Record<keyof Row & string, string>>,
): CopySet<Row> {
  const columns = Object.entries<string>(types).map(([name, type]) => ({ name, write: writers[type] ?? asText }));
  const statement = `copy ${table} (${columns.map(({ name }) => name).join(', ')}) from stdin (format binary)`;
  const encode = (rows: readonly Row[]) => {
    const buffer = new CopyBuffer();
    buffer.header();
    for (const row of rows) {
      buffer.rowOf(columns.length);
      for (const { name, write } of columns) {
        const value = row[name];
        if (value === null || value === undefined) buffer.null();
        else write(buffer, value as never);
      }
    }
    buffer.trailer();
    return buffer.written();
  };
  return {
    encode,
    copy: (connection, rows) => pipeline([encode(rows)], connection.query(copyFrom(statement))),
  };
}
