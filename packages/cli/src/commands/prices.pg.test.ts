import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { freshDatabase } from '../../../../test/harness/database.ts';
import { testPool } from '../../../../test/harness/ledger.ts';
import { runHere } from '../testing/run-cli.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bursar-prices-'));
});
after(() => rm(folder, { recursive: true, force: true }));

async function fileWith(text: string): Promise<string> {
  const file = join(folder, `${Math.random()}.json`);
  await writeFile(file, text);
  return file;
}

test('the price book that is exported can be applied, and waits for an aggregator', async () => {
  await using database = await freshDatabase('cli_prices');
  await using pool = testPool(database.url);
  const run = (...args: string[]) => runHere(['prices', ...args], database.url);
  const nothing = await run('export');
  assert.deepEqual([nothing.code, nothing.stdout], [1, '']);
  assert.match(nothing.stderr, /No price book is in force yet: an aggregator puts one in force/);
  const file = await fileWith((await run('export', '--built-in')).stdout);
  const waiting = await run('apply', file, '--reason', 'as it was', '--wait', '1');
  assert.equal(waiting.code, 1);
  assert.match(waiting.stderr, /No aggregator has put price book 1 in force yet.*start an aggregator/);
  await pool.query(`update price_book set activated_at = now()`);
  await pool.query('update configuration_epoch set price_book_id = 1');
  const exported = await run('export');
  assert.equal(exported.stdout, (await run('export', '--built-in')).stdout);
});

test('what is wrong with a price book is told with line and column, all at once, and nothing is stored', async () => {
  await using database = await freshDatabase('cli_prices_wrong');
  await using pool = testPool(database.url);
  const { stdout } = await runHere(['prices', 'export', '--built-in'], database.url);
  const file = await fileWith(
    stdout.replace('"input": "8.00"', '"input": 8').replace('"batchFactor": "1/2"', '"batchFactor": "half"'),
  );
  const { code, stderr } = await runHere(['prices', 'apply', file, '--reason', 'a test'], database.url);
  assert.equal(code, 2);
  assert.match(stderr, /\.json:9:18 rows\.0\.usdPerMillion\.input must be a text of USD per million tokens/);
  assert.match(stderr, /\.json:\d+:18 batchFactor must be a fraction/);
  assert.match(stderr, /2 problems in .*nothing was applied/);
  for (const text of ['', '{', '[1, 2', 'rows: &a [*a]']) {
    const bad = await runHere(['prices', 'apply', await fileWith(text), '--reason', 'a test'], database.url);
    assert.equal(bad.code, 2, text);
    assert.doesNotMatch(bad.stderr, /\n\s+at /);
  }
  assert.equal((await pool.query('select from price_book')).rowCount, 0);
});
