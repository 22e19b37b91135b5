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

async function fileWith(text: string | Buffer): Promise<string> {
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
  const { follows, ...book } = JSON.parse(exported.stdout);
  assert.equal(follows, 1);
  assert.equal(JSON.stringify(book), JSON.stringify(JSON.parse((await run('export', '--built-in')).stdout)));

  const named = await fileWith(exported.stdout.replaceAll('"speed": "fast"', '"speed":\n"fast"'));
  assert.match(
    (await run('apply', named, '--reason', 'x', '--wait', '1')).stderr,
    /^No price changes\.\nPrice book 2 is submitted/,
  );
  const row = book.rows[0];
  const ending = { ...row, to: '2027-01-01T00:00:00Z' };
  const unpriced = await fileWith(JSON.stringify({ ...book, rows: [ending, ...book.rows.slice(1)] }));
  const told = await run('apply', unpriced, '--reason', 'x', '--wait', '1');
  assert.match(
    told.stderr,
    new RegExp(`ends {2}${row.id}, at 2027-01-01.*Careful: from 2027-01-01.* nothing prices what ${row.id} did`, 's'),
  );
  const cheaper = { ...row, usdPerMillion: { ...row.usdPerMillion, input: '0.01' } };
  const rewriting = await fileWith(
    `{"form":1,\n"rows":[\n${JSON.stringify([cheaper, ...book.rows.slice(1)]).slice(1)},${JSON.stringify({ ...book, rows: undefined, form: undefined }).slice(1)}`,
  );
  const refused = await run('apply', rewriting, '--reason', 'x');
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, new RegExp(`\\.json:3:1 rows\\.0 the row ${row.id} says something else`));
  const stale = await fileWith(JSON.stringify({ follows: 7, ...book }));
  assert.match(
    (await run('apply', stale, '--reason', 'x')).stderr,
    /made from price book 7, and 1 is in force: export/,
  );
  assert.equal((await pool.query('select from price_book')).rowCount, 3, 'what was refused here was not stored');
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
  assert.match(stderr, /\.json:10:18 rows\.0\.usdPerMillion\.input must be a text, USD per million tokens/);
  assert.match(stderr, /\.json:\d+:18 batchFactor must be a fraction/);
  assert.match(stderr, /2 problems in .*nothing was applied/);
  for (const text of ['', '{', '[1, 2', 'rows: &a [*a]', '{"form": 1, "form": 1}', Buffer.from('"\xe9"', 'latin1')]) {
    const bad = await runHere(['prices', 'apply', await fileWith(text), '--reason', 'a test'], database.url);
    assert.equal(bad.code, 2, bad.stderr);
    assert.match(bad.stderr, /json:1:\d+ (is not JSON|"form" is a field that stands twice)|is not UTF-8 text/);
    assert.doesNotMatch(bad.stderr, /\n\s+at /);
  }
  assert.equal((await pool.query('select from price_book')).rowCount, 0);
});
