import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';
import { requireTlsFiles } from './database-url.ts';
import { openPool, type Queryable } from './pool.ts';

const MIGRATIONS = fileURLToPath(new URL('../migrations', import.meta.url));
const TABLE = 'schema_migration';

/** The newest migration this code was written for, and the oldest it can work with. */
export const SCHEMA = { newest: '0006_measure_resolution', oldest: '0006_measure_resolution' } as const;

/** Brings the database to this code's schema. Safe to run from several processes at once: one waits for the other. */
export async function migrate(databaseUrl: string, say: (line: string) => void = () => {}): Promise<void> {
  requireTlsFiles(databaseUrl);
  await runner({
    databaseUrl,
    dir: MIGRATIONS,
    migrationsTable: TABLE,
    direction: 'up',
    count: Number.POSITIVE_INFINITY,
    advisoryLockMode: 'wait',
    logger: { info: () => {}, warn: say, error: say },
  });
}

/** Why this code must not run against this database, or true. */
export async function schemaFits(db: Queryable): Promise<true | string> {
  const exists = await db.query<{ found: boolean }>('select to_regclass($1) is not null as found', [TABLE]);
  if (exists.rows[0]?.found !== true) return 'the database has no Bursar schema; run `bursar migrate`';
  const { rows } = await db.query<{ name: string }>('select name from schema_migration order by name desc limit 1');
  const name = rows[0]?.name ?? '';
  if (name < SCHEMA.oldest)
    return `the schema is at ${name || 'nothing'}, this version needs ${SCHEMA.oldest}; run \`bursar migrate\``;
  if (name > SCHEMA.newest)
    return `the schema is at ${name}, newer than this version knows (${SCHEMA.newest}); upgrade Bursar`;
  return true;
}

/** As schemaFits, for a database that may not be reachable with a pool yet. */
export async function schemaFitsAt(databaseUrl: string): Promise<true | string> {
  const pool = openPool(databaseUrl, { name: 'bursar schema check', max: 1 });
  try {
    return await schemaFits(pool);
  } finally {
    await pool.end();
  }
}
