import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ensurePartitions } from '@bursar/db/ledger/partitions';
import type { Pool } from '@bursar/db/pool';
import { PGlite } from '@electric-sql/pglite';
import { type Answer, PreparedStatements } from './prepared.ts';

const MIGRATIONS = fileURLToPath(new URL('../../packages/db/migrations', import.meta.url));
const TRUNCATE_AFTER = 60;
/** A plan for all values: the tables of a world are as small as can be, and planning takes longer than running. */
const SETTINGS = `set timezone = 'UTC'; set plan_cache_mode = 'force_generic_plan'; set synchronous_commit = off`;

/** PostgreSQL in this process, with the real migrations, speaking as the `pg` driver does. */
export class Database {
  readonly #db: PGlite;
  readonly #statements: PreparedStatements;
  readonly #emptying: { truncate: string; delete: string };
  #worlds = 0;

  private constructor(db: PGlite, statements: PreparedStatements, emptying: { truncate: string; delete: string }) {
    this.#db = db;
    this.#statements = statements;
    this.#emptying = emptying;
  }

  /** With day partitions from `fromMs` to `toMs`; the others are made by who needs them. */
  static async open(fromMs: number, toMs: number): Promise<Database> {
    const db = await PGlite.create();
    await db.exec(SETTINGS);
    for (const file of readdirSync(MIGRATIONS).sort()) await db.exec(readFileSync(`${MIGRATIONS}/${file}`, 'utf8'));
    const statements = new PreparedStatements(db);
    const queryable = { query: (sql: string, values: unknown[]) => statements.query(sql, values) };
    await ensurePartitions(queryable as unknown as Pool, new Date(fromMs), new Date(toMs));
    return new Database(db, statements, await emptyingOf(db));
  }

  query(sql: string, values: unknown[] = []): Promise<Answer> {
    return this.#statements.query(sql, values);
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
  const late = ['breach', 'limit_rule', 'measure', 'policy_version', 'price_book', 'key_control', 'key_identity'];
  const ordered = [...tables.filter((name) => !late.includes(name)), ...late];
  const early = ['configuration_epoch', 'act', 'dimension', 'key_binding', 'limit_threshold', 'hold'];
  const deletions = [...early, ...ordered.filter((name) => !early.includes(name))].map((name) => `delete from ${name}`);
  return {
    truncate: `truncate ${tables.join(', ')} restart identity; ${first}`,
    delete: `begin; ${deletions.join('; ')}; ${restart}; ${first}; commit`,
  };
}
