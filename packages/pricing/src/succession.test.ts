import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anthropicPrices } from './anthropic-prices.ts';
import type { PriceBook, PriceRow } from './price-book.ts';
import { whatItRewrites } from './succession.ts';

const [first, ...others] = anthropicPrices.rows as [PriceRow, ...PriceRow[]];
const bookOf = (...rows: PriceRow[]): PriceBook => ({ ...anthropicPrices, rows });

test('a row may end, be better sourced and be followed by another', () => {
  const ended = { ...first, to: '2027-01-01T00:00:00Z', source: 'the invoice' };
  const next = { ...first, id: 'next', from: '2027-01-01T00:00:00Z', inputPico: 1n };
  assert.deepEqual(whatItRewrites(anthropicPrices, bookOf(ended, next, ...others)), []);
  assert.deepEqual(whatItRewrites(bookOf(ended, next), bookOf({ ...ended, to: '2026-12-01T00:00:00Z' }, next)), []);
});

test('a row that is gone, or that costs something else by the same name, is told by its name', () => {
  assert.match(whatItRewrites(anthropicPrices, bookOf(...others)).join(), new RegExp(`${first.id} is gone`));
  const cheaper = { ...first, outputPico: first.outputPico - 1n };
  assert.match(whatItRewrites(anthropicPrices, bookOf(cheaper, ...others)).join(), /says something else/);
  const earlier = { ...first, from: '2020-01-01T00:00:00Z' };
  assert.equal(whatItRewrites(anthropicPrices, bookOf(earlier, ...others)).length, 1);
});
