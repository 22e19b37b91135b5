import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anthropicPrices } from './anthropic-prices.ts';
import type { PriceBook, PriceRow } from './price-book.ts';
import { whatItRewrites } from './succession.ts';
import { whatChanges } from './what-changes.ts';

const [first, ...others] = anthropicPrices.rows as [PriceRow, ...PriceRow[]];
const NOW = Date.parse('2026-12-15T00:00:00Z');
const [PAST, FUTURE, LATER] = ['2026-12-01T00:00:00Z', '2027-01-01T00:00:00Z', '2027-02-01T00:00:00Z'];
const bookOf = (...rows: PriceRow[]): PriceBook => ({ ...anthropicPrices, rows });
const rewrites = (before: PriceBook, after: PriceBook) =>
  whatItRewrites(before, after, NOW)
    .map(({ message }) => message)
    .join('; ');

test('a row may end, be better sourced and be followed by another; a model may get another name', () => {
  const ended = { ...first, to: FUTURE, source: 'the invoice' };
  const next = { ...first, id: 'next', from: FUTURE, inputPico: 1n };
  assert.equal(rewrites(anthropicPrices, bookOf(ended, next, ...others)), '');
  assert.equal(rewrites(anthropicPrices, bookOf({ ...first, to: PAST }, ...others)), '', 'it became known late');
  const named = { ...anthropicPrices, aliases: { ...anthropicPrices.aliases, 'a-snapshot': first.model } };
  assert.equal(rewrites(anthropicPrices, named), '');
});

test('an end that is still to come may move to another one to come; no other end moves or goes', () => {
  const ending = (to?: string) => bookOf({ ...first, ...(to && { to }) });
  assert.equal(rewrites(ending(FUTURE), ending(LATER)), '');
  assert.match(rewrites(ending(PAST), ending(FUTURE)), /ended or ends at 2026-12-01.*still to come/);
  assert.match(rewrites(ending(FUTURE), ending(PAST)), /still to come/);
  assert.match(rewrites(ending(FUTURE), ending()), /no end any more/);
});

test('a row that is gone, or that costs something else by the same name, is told by its name', () => {
  assert.match(rewrites(anthropicPrices, bookOf(...others)), new RegExp(`${first.id} is gone`));
  const cheaper = { ...first, outputPico: first.outputPico - 1n };
  assert.match(rewrites(anthropicPrices, bookOf(cheaper, ...others)), /says something else/);
  const earlier = { ...first, from: '2020-01-01T00:00:00Z' };
  assert.match(rewrites(anthropicPrices, bookOf(earlier, ...others)), /says something else/);
  const written = { ...first, from: new Date(first.from).toISOString() };
  assert.equal(
    rewrites(anthropicPrices, bookOf(written, ...others)),
    '',
    'the same instant, written with milliseconds',
  );
});

test('what bears no date stays: factors, the price of a search, what an alias means', () => {
  assert.match(rewrites(anthropicPrices, { ...anthropicPrices, webSearchPico: 1n }), /webSearchUsd has no date/);
  const factor = { numerator: 1n, denominator: 3n };
  assert.match(
    rewrites(anthropicPrices, { ...anthropicPrices, batch: factor, usGeo: factor }),
    /batchFactor.*usGeoFactor/,
  );
  const { 'claude-haiku-4-5-20251001': _, ...fewer } = anthropicPrices.aliases;
  assert.match(rewrites(anthropicPrices, { ...anthropicPrices, aliases: fewer }), /alias claude-haiku-4-5-20251001/);
});

test('what changes is told: new rows, ends, and models that are left without a price', () => {
  const ended = { ...first, to: FUTURE };
  const next = { ...first, id: 'next', from: FUTURE, inputPico: 1n };
  const followed = whatChanges(anthropicPrices, bookOf(ended, next, ...others));
  assert.deepEqual([followed.added, followed.ended, followed.unpriced], [[next], [ended], []]);
  const late = { ...next, from: LATER };
  assert.deepEqual(whatChanges(anthropicPrices, bookOf(ended, late, ...others)).unpriced, [ended]);
  const fast = { ...next, speed: 'fast' as const };
  assert.deepEqual(whatChanges(anthropicPrices, bookOf(ended, fast, ...others)).unpriced, [ended]);
  assert.deepEqual(whatChanges(anthropicPrices, anthropicPrices), { added: [], ended: [], unpriced: [] });
});
