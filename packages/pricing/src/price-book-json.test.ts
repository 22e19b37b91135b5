import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anthropicPrices } from './anthropic-prices.ts';
import { priceBookHash } from './price-book.ts';
import { type PriceBookJson, priceBookToJson, readPriceBook } from './price-book-json.ts';

const json = priceBookToJson(anthropicPrices);
const [row, ...others] = json.rows as [PriceBookJson['rows'][number], ...PriceBookJson['rows']];
const withRow = (change: Record<string, unknown>) => ({ ...json, rows: [{ ...row, ...change }, ...others] });

test('a price book survives its JSON form, through text, to the last pico-dollar', () => {
  const reading = readPriceBook(JSON.parse(JSON.stringify(json)));
  assert.ok(reading.ok);
  assert.deepEqual(reading.book, anthropicPrices);
  assert.equal(priceBookHash(reading.book), priceBookHash(anthropicPrices));
});

test('prices are written as Anthropic prints them', () => {
  const haiku = json.rows.find(({ id }) => id === 'claude-haiku-5-5/le100k/2026-10-07');
  assert.deepEqual(haiku?.usdPerMillion, {
    ...{ input: '0.10', output: '0.50', cacheWrite5m: '0.125', cacheWrite1h: '0.20', cacheRead: '0.01' },
  });
  assert.deepEqual([json.batchFactor, json.usGeoFactor, json.webSearchUsd], ['1/2', '11/10', '0.01']);
});

const prices = row.usdPerMillion;
const wrong: [what: string, book: unknown, path: string, message: RegExp][] = [
  ['a number for a price', withRow({ usdPerMillion: { ...prices, input: 0.1 } }), 'rows.0.usdPerMillion.input', /text/],
  ['a negative price', withRow({ usdPerMillion: { ...prices, input: '-1' } }), 'rows.0.usdPerMillion.input', /USD/],
  [
    'seven decimals',
    withRow({ usdPerMillion: { ...prices, output: '0.1234567' } }),
    'rows.0.usdPerMillion.output',
    /6/,
  ],
  ['1e5', withRow({ usdPerMillion: { ...prices, output: '1e5' } }), 'rows.0.usdPerMillion.output', /such as/],
  [
    'no price for cache reads',
    withRow({ usdPerMillion: { ...prices, cacheRead: undefined } }),
    'rows.0.usdPerMillion.cacheRead',
    /missing/,
  ],
  ['a day for an instant', withRow({ from: '2026-12-01' }), 'rows.0.from', /2026-12-01T00:00:00Z/],
  ['an end before its beginning', withRow({ to: '2020-01-01T00:00:00Z' }), 'rows.0', /not a time range/],
  [
    'one name for two rows',
    { ...json, rows: [...json.rows, { ...row, model: 'other' }] },
    `rows.${json.rows.length}`,
    /Two price rows have the id/,
  ],
  [
    'two rows for one request',
    { ...json, rows: [...json.rows, { ...row, id: 'other' }] },
    'rows.0',
    /hold for the same/,
  ],
  ['the name of an unpriced row', withRow({ id: 'unknown' }), 'rows.0.id', /something else/],
  ['an unknown field', withRow({ currency: 'EUR' }), 'rows.0.currency', /unknown field/],
  ['an alias to nowhere', { ...json, aliases: { short: 'no-such-model' } }, 'aliases.short', /alias short/],
  ['a factor by zero', { ...json, batchFactor: '1/0' }, 'batchFactor', /fraction/],
  ['no rows', { ...json, rows: [] }, 'rows', /at least one/],
  ['no book', null, '', /no price book/],
  ['a form of another release', { ...json, form: 2 }, 'form', /must be 1/],
  ['an API key', withRow({ source: `sk-ant-api03-${'x'.repeat(30)}` }), 'rows.0.source', /looks like an API key/],
  ['a control character', withRow({ model: 'claude\u001b[2J' }), 'rows.0.model', /can not be seen/],
  ['a NUL', withRow({ model: 'claude\u0000' }), 'rows.0.model', /can not be seen/],
  [
    'a price beyond belief',
    withRow({ usdPerMillion: { ...prices, input: '10000.01' } }),
    'rows.0.usdPerMillion.input',
    /at most 10000/,
  ],
  [
    'a price of 400 digits',
    withRow({ usdPerMillion: { ...prices, input: '9'.repeat(400) } }),
    'rows.0.usdPerMillion.input',
    /at most 10000/,
  ],
  ['a factor that multiplies', { ...json, usGeoFactor: '9/1' }, 'usGeoFactor', /four times/],
  [
    'an alias that no object can hold',
    JSON.parse(JSON.stringify(json).replace('"aliases":{', '"aliases":{"__proto__":"x",')),
    'aliases.__proto__',
    /no name/,
  ],
];
for (const [what, book, path, message] of wrong) {
  test(`${what} is named with its place`, () => {
    const reading = readPriceBook(book);
    assert.ok(!reading.ok);
    assert.equal(reading.problems[0]?.path.join('.'), path);
    assert.match(reading.problems[0]?.message ?? '', message);
  });
}

test('everything that is wrong is told at once', () => {
  const reading = readPriceBook({ ...withRow({ speed: 'slow', model: 7 }), webSearchUsd: 'much' });
  assert.ok(!reading.ok);
  assert.deepEqual(
    reading.problems.map(({ path }) => path.join('.')),
    ['rows.0.model', 'rows.0.speed', 'webSearchUsd'],
  );
});
