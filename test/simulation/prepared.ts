import { createRequire } from 'node:module';
import { type messages as backend, type PGlite, protocol } from '@electric-sql/pglite';
import pg from 'pg';

const NUMERIC_ARRAY = 1231;
const TEXT_ARRAY = 1009;
const { serialize } = protocol;
const { prepareValue } = createRequire(import.meta.url)('pg/lib/utils') as { prepareValue(value: unknown): unknown };

export type Answer = { rows: Record<string, unknown>[]; rowCount: number };
type Column = { name: string; parse: (text: string) => unknown };
type Statement = { name: string; columns: readonly Column[] };
type Message = { readonly name: string };

/**
 * Statements in PostgreSQL's extended protocol, each text parsed and planned once and remembered by its name: a world asks the
 * same hundred again and again. Values and rows look as they do through the `pg` driver.
 */
export class PreparedStatements {
  readonly #db: PGlite;
  readonly #known = new Map<string, Statement>();
  readonly #parser = new protocol.Parser();
  #names = 0;

  constructor(db: PGlite) {
    this.#db = db;
  }

  /** Rejects with PostgreSQL's error, which has `code`, `table` and `routine`. */
  async query(sql: string, values: readonly unknown[]): Promise<Answer> {
    const known = this.#known.get(sql);
    const statement = known ?? { name: `s${++this.#names}`, columns: [] };
    const bind = serialize.bind({ statement: statement.name, values: values.map(textual) });
    const parts = known
      ? [bind, serialize.execute({}), serialize.sync()]
      : [
          serialize.parse({ name: statement.name, text: sql }),
          bind,
          serialize.describe({ type: 'P' }),
          serialize.execute({}),
          serialize.sync(),
        ];
    const messages = this.#send(Buffer.concat(parts));
    if (known) return answerOf(messages, known.columns);
    const isParsed = messages.some(({ name }) => name === 'parseComplete');
    const columns = columnsOf(messages);
    if (isParsed && !messages.some(({ name }) => name === 'error')) this.#known.set(sql, { ...statement, columns });
    return answerOf(messages, columns);
  }

  #send(bytes: Uint8Array): Message[] {
    const messages: Message[] = [];
    this.#parser.parse(this.#db.execProtocolRawSync(bytes), (message) => messages.push(message));
    return messages;
  }
}

function columnsOf(messages: readonly Message[]): Column[] {
  const described = messages.find((message) => message.name === 'rowDescription') as
    | backend.RowDescriptionMessage
    | undefined;
  return (described?.fields ?? []).map(({ name, dataTypeID }) => ({ name, parse: parserOf(dataTypeID) }));
}

function answerOf(messages: readonly Message[], columns: readonly Column[]): Answer {
  const rows: Answer['rows'] = [];
  let rowCount = 0;
  for (const message of messages) {
    if (message.name === 'error') throw message;
    if (message.name === 'dataRow') rows.push(rowOf(message as backend.DataRowMessage, columns));
    if (message.name === 'commandComplete')
      rowCount = Number((message as backend.CommandCompleteMessage).text.split(' ').at(-1)) || 0;
  }
  return { rows, rowCount };
}

function rowOf({ fields }: backend.DataRowMessage, columns: readonly Column[]): Record<string, unknown> {
  return Object.fromEntries(
    columns.map(({ name, parse }, index) => [name, fields[index] === null ? null : parse(fields[index] as string)]),
  );
}

/** As the driver's own, but for arrays of numerics: those stay texts. */
function parserOf(oid: number): (text: string) => unknown {
  return pg.types.getTypeParser((oid === NUMERIC_ARRAY ? TEXT_ARRAY : oid) as never, 'text') as never;
}

/** A value as the `pg` driver sends it, bytes as text. */
function textual(value: unknown): string | null {
  const prepared = prepareValue(value);
  if (Buffer.isBuffer(prepared)) return `\\x${prepared.toString('hex')}`;
  return prepared === null || prepared === undefined ? null : String(prepared);
}
