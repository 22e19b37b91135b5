import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { migrate } from '@bursar/db/migrate';
import type pg from 'pg';
import { withClient } from '../../infra/local/postgres/client.ts';
import { REPOSITORY } from '../../infra/local/repository.ts';
import { stackAddresses } from './config.ts';

export type FreshDatabase = { readonly url: string } & AsyncDisposable;

const TEMPLATE_PREFIX = 'bursar_test_template_';
// Any number will do as long as nobody else uses it in the stack's own database, and there is nobody else.
const TEMPLATE_LOCK = 18_092_001;

/**
 * A database of its own with the whole schema, dropped at the end of the scope:
 * `await using database = await freshDatabase('ledger')`. The name only helps to recognise it.
 */
export async function freshDatabase(name: string): Promise<FreshDatabase> {
  const { databaseUrl } = await stackAddresses();
  const database = `bursar_test_${name.replaceAll(/\W+/g, '_').toLowerCase().slice(0, 30)}_${randomBytes(4).toString('hex')}`;
  await withClient(databaseUrl, async (client) => {
    const template = await migratedTemplate(client, databaseUrl);
    await client.query(`create database ${database} template ${template}`);
  });
  return {
    url: withDatabase(databaseUrl, database),
    async [Symbol.asyncDispose]() {
      await withClient(databaseUrl, (client) => client.query(`drop database if exists ${database} with (force)`));
    },
  };
}

/** Ends every connection to a database and lets none in until `end`. */
export async function postgresAway(url: string): Promise<{ end(): Promise<void> } & AsyncDisposable> {
  const { databaseUrl } = await stackAddresses();
  const database = new URL(url).pathname.slice(1);
  const allow = (allowed: boolean) =>
    withClient(databaseUrl, async (client) => {
      await client.query(`alter database ${database} allow_connections ${allowed}`);
      if (!allowed)
        await client.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [database]);
    });
  await allow(false);
  return { end: () => allow(true), [Symbol.asyncDispose]: () => allow(true) };
}

/** Drops every migrated template; for a server that outlives the tests. */
export async function dropTemplates(databaseUrl: string): Promise<void> {
  await withClient(databaseUrl, async (client) => {
    const { rows } = await client.query<{ datname: string }>(
      'select datname from pg_database where starts_with(datname, $1)',
      [TEMPLATE_PREFIX],
    );
    for (const { datname } of rows) await client.query(`drop database if exists ${datname} with (force)`);
  });
}

/** Migrates once, whoever of the parallel test files comes first; the name tells which migrations it was made from. */
async function migratedTemplate(client: pg.Client, databaseUrl: string): Promise<string> {
  const template = `${TEMPLATE_PREFIX}${await migrationsHash()}`;
  await client.query('select pg_advisory_lock($1)', [TEMPLATE_LOCK]);
  try {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [template]);
    if (rowCount !== 0) return template;
    // Under another name until it is whole: what a failed migration leaves behind is never taken for a template.
    const unfinished = `${template}_unfinished`;
    await client.query(`drop database if exists ${unfinished} with (force)`);
    await client.query(`create database ${unfinished}`);
    await migrate(withDatabase(databaseUrl, unfinished));
    await client.query(`alter database ${unfinished} rename to ${template}`);
    return template;
  } finally {
    await client.query('select pg_advisory_unlock($1)', [TEMPLATE_LOCK]);
  }
}

async function migrationsHash(): Promise<string> {
  const folder = join(REPOSITORY, 'packages/db/migrations');
  const hash = createHash('sha256');
  for (const file of (await readdir(folder)).sort()) hash.update(file).update(await readFile(join(folder, file)));
  return hash.digest('hex').slice(0, 12);
}

function withDatabase(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  return changed.href;
}
