import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { ensurePartitions } from '@bursar/db/ledger/partitions';
import type { Pool } from '@bursar/db/pool';
import { PGlite } from '@electric-sql/pglite';
import pg from 'pg';

const MIGRATIONS = fileURLToPath(new URL('../../packages/db/migrations', import.meta.url));
const NUMERIC_ARRAY = 1231;
const TEXT_ARRAY = 1009;
const TRUNCATE_AFTER = 60;
const { prepareValue } = createRequire(import.meta.url)('pg/lib/utils') as { prepareValue(value: unknown): unknown };

export type Answer = { rows: Record<string, unknown>[]; rowCount: number };

/** PostgreSQL in this process, with the real migrations, speaking as the `pg` driver does. */
export class Database {
  readonly #db: PGlite;
  readonly #emptying: { truncate: string; delete: string };
  #worlds = 0;

  private constructor(db: PGlite, emptying: { truncate: string; delete: string }) {
    this.#db = db;
    this.#emptying = emptying;
  }

  /** With day partitions from `fromMs` to `toMs`. */
  static async open(fromMs: number, toMs: number): Promise<Database> {
    const db = await PGlite.create();
    for (const type of Object.keys(db.serializers)) delete db.serializers[Number(type)];
    db.parsers = new Proxy({}, { get: (_, oid) => parserOf(Number(oid)) });
    await db.exec(`set timezone = 'UTC'`);
    for (const file of readdirSync(MIGRATIONS).sort()) await db.exec(readFileSync(`${MIGRATIONS}/${file}`, 'utf8'));
    const connection = { query: (sql: string, values?: unknown[]) => send(db, sql, values) };
    await ensurePartitions(connection as unknown as Pool, new Date(fromMs), new Date(toMs));
    return new Database(db, await emptyingOf(db));
  }

  query(sql: string, values?: unknown[]): Promise<Answer> {
    return send(this.#db, sql, values);
  }

  /** What `copy … from stdin` would take from a stream. */
  async copy(sql: string, bytes: Buffer): Promise<void> {
    const blob = new Blob([new Uint8Array(bytes)]);
    await this.#db.query(sql.replace(/from stdin/i, `from '/dev/blob'`), [], { blob });
  }

  /** As after the migrations. Deleting is faster than truncating; what it leaves behind is cleared now and then. */
  async reset(): Promise<void> {
    const { truncate, delete: deletions } = this.#emptying;
    await this.#db.exec(this.#worlds++ % TRUNCATE_AFTER === 0 ? truncate : deletions);
  }
}

function parserOf(oid: number): (text: string) => unknown {
  return pg.types.getTypeParser((oid === NUMERIC_ARRAY ? TEXT_ARRAY : oid) as never, 'text') as never;
}

async function send(db: PGlite, sql: string, values?: unknown[]): Promise<Answer> {
  if (values === undefined) {
    const answers = await db.exec(sql);
    const last = answers.at(-1);
    return { rows: (last?.rows ?? []) as Answer['rows'], rowCount: last?.affectedRows || (last?.rows.length ?? 0) };
  }
  const { rows, affectedRows } = await db.query(sql, values.map(textual));
  return { rows: rows as Answer['rows'], rowCount: affectedRows || rows.length };
}

/** A value as the `pg` driver sends it, bytes as text. */
function textual(value: unknown): unknown {
  const prepared = prepareValue(value);
  return Buffer.isBuffer(prepared) ? `\\x${prepared.toString('hex')}` : prepared;
}

async function emptyingOf(db: PGlite): Promise<{ truncate: string; delete: string }> {
  const names = async (sql: string) => (await db.query<{ name: string }>(sql)).rows.map((row) => row.name);
  const tables = await names(
    `select relname as name from pg_class where relkind in ('r', 'p') and not relispartition
      and relnamespace = 'public'::regnamespace`,
  );
  const sequences = await names(
    `select relname as name from pg_class where relkind = 'S' and relnamespace = 'public'::regnamespace`,
  );
  const first = 'insert into configuration_epoch (epoch) values (0); insert into enforcement_gate default values';
  const restart = `select ${sequences.map((name) => `setval('${name}', 1, false)`).join(', ')}`;
  // Foreign keys: those who point go first.
  const late = ['breach', 'limit_rule', 'measure', 'policy_version', 'key_control', 'key_identity'];
  const ordered = [...tables.filter((name) => !late.includes(name)), ...late];
  const deletions = [
    'delete from configuration_epoch',
    'delete from act',
    'delete from dimension',
    'delete from key_binding',
    'delete from limit_threshold',
    'delete from hold',
    ...ordered.map((name) => `delete from ${name}`),
  ];
  return {
    truncate: `truncate ${tables.join(', ')} restart identity; ${first}`,
    delete: `begin; ${deletions.join('; ')}; ${restart}; ${first}; commit`,
  };
}
