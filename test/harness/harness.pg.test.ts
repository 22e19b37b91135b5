import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withClient } from '../../infra/local/postgres/client.ts';
import { stackAddresses } from './config.ts';
import { freshDatabase } from './database.ts';

test('fresh databases made at once are apart, migrated, and gone at the end of their scope', async () => {
  const names: string[] = [];
  {
    await using one = await freshDatabase('Harness: one');
    await using two = await freshDatabase('harness-two');
    for (const { url } of [one, two]) names.push(await databaseName(url));
    await withClient(one.url, (client) => client.query('create table only_here ()'));
    await withClient(two.url, async (client) => {
      const { rows } = await client.query(
        `select to_regclass('only_here') as stray, to_regclass('usage_event') as ledger`,
      );
      assert.deepEqual(rows, [{ stray: null, ledger: 'usage_event' }]);
    });
  }
  assert.equal(new Set(names).size, 2);
  assert.deepEqual(await existing(names), []);
});

test('a template that several test files want at once is built once', async () => {
  const databases = await Promise.all(['a', 'b', 'c'].map((name) => freshDatabase(name)));
  await Promise.all(databases.map((database) => database[Symbol.asyncDispose]()));
  const { databaseUrl } = await stackAddresses();
  const { rowCount } = await withClient(databaseUrl, (client) =>
    client.query(`select from pg_database where starts_with(datname, 'bursar_test_template_')`),
  );
  assert.equal(rowCount, 1);
});

async function databaseName(url: string): Promise<string> {
  return new URL(url).pathname.slice(1);
}

async function existing(names: string[]): Promise<string[]> {
  const { databaseUrl } = await stackAddresses();
  const { rows } = await withClient(databaseUrl, (client) =>
    client.query<{ datname: string }>('select datname from pg_database where datname = any($1)', [names]),
  );
  return rows.map(({ datname }) => datname);
}
