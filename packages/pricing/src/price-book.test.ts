import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anthropicPrices } from './anthropic-prices.ts';
import { type PriceBook, type PriceRow, priceBookHash } from './price-book.ts';
import { dearestRow, findRow, indexPriceBook } from './price-index.ts';

const [first, ...others] = anthropicPrices.rows as [PriceRow, ...PriceRow[]];

function bookWith(change: Partial<PriceBook>): PriceBook {
  return { ...anthropicPrices, ...change };
}

test('the hash is the same for the same prices in another order, from another source', () => {
  const shuffled = bookWith({ rows: [...others, { ...first, source: 'someone else' }] });
  assert.equal(priceBookHash(shuffled), priceBookHash(anthropicPrices));
  assert.match(priceBookHash(anthropicPrices), /^[0-9a-f]{64}$/);
});

test('the hash changes with a price, a date, an alias and a factor', () => {
  const changed = [
    bookWith({ rows: [{ ...first, inputPico: first.inputPico + 1n }, ...others] }),
    bookWith({ rows: [{ ...first, to: '2027-01-01T00:00:00Z' }, ...others] }),
    bookWith({ aliases: { ...anthropicPrices.aliases, another: first.model } }),
    bookWith({ batch: { numerator: 1n, denominator: 3n } }),
    bookWith({ webSearchPico: 1n }),
  ];
  assert.equal(new Set([anthropicPrices, ...changed].map(priceBookHash)).size, 6);
});

test('cache writes cost 1.25 and 2 times the input in every row, and fast mode twice the standard price', () => {
  for (const row of anthropicPrices.rows) {
    assert.equal(row.cacheWrite5mPico * 4n, row.inputPico * 5n, row.id);
    assert.equal(row.cacheWrite1hPico, row.inputPico * 2n, row.id);
    const standard = anthropicPrices.rows.find(({ model, speed }) => model === row.model && speed === 'standard');
    if (row.speed === 'fast') {
      assert.equal(row.inputPico, standard!.inputPico * 2n, row.id);
      assert.equal(row.outputPico, standard!.outputPico * 2n, row.id);
      assert.equal(row.cacheReadPico, standard!.cacheReadPico * 2n, row.id);
    }
  }
});

test('every prompt length of a tiered model has a price', () => {
  const index = indexPriceBook(anthropicPrices);
  const atMs = Date.parse('2026-11-20T00:00:00Z');
  for (const tokens of [0, 1, 99_999, 100_000, 100_001, 100_002, 1e9]) {
    assert.ok(findRow(index, 'claude-haiku-5-5', atMs, false, tokens), String(tokens));
  }
});

test('the dearest price is that of the time, and before any row that of the first', () => {
  const early = {
    ...first,
    id: 'early',
    model: 'a',
    from: '2026-01-01T00:00:00Z',
    to: '2026-06-01T00:00:00Z',
    inputPico: 9n,
  };
  const late = { ...first, id: 'late', model: 'b', from: '2026-03-01T00:00:00Z', inputPico: 5n };
  const index = indexPriceBook(bookWith({ rows: [early, late], aliases: {} }));
  const inputAt = (day: string) => dearestRow(index, Date.parse(day)).inputPico;
  assert.deepEqual(['2025-01-01', '2026-04-01', '2026-06-01'].map(inputAt), [9n, 9n, 5n]);
});

for (const [name, book, complaint] of [
  ['no rows', bookWith({ rows: [] }), /no rows/],
  ['one id twice', bookWith({ rows: [first, { ...first, model: 'other' }] }), /Two price rows have the id/],
  [
    'two rows for the same request',
    bookWith({ rows: [first, { ...first, id: 'again' }] }),
    /hold for the same requests/,
  ],
  ['an end before the start', bookWith({ rows: [{ ...first, to: '2020-01-01T00:00:00Z' }] }), /not a time range/],
  ['a start that is no instant', bookWith({ rows: [{ ...first, from: 'soon' }] }), /not a time range/],
  ['an alias to nowhere', bookWith({ aliases: { x: 'y' } }), /alias x/],
  ['an alias that hides a model', bookWith({ aliases: { 'claude-opus-5': 'claude-fable-5' } }), /alias claude-opus-5/],
] as const) {
  test(`a price book with ${name} is refused`, () => {
    assert.throws(() => indexPriceBook(book), { name: 'PriceBookError', message: complaint });
  });
}
