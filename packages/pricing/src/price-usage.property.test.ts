import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { UsageCounters } from '@bursar/events/usage-event';
import fc from 'fast-check';
import { anyUsage } from '../../../test/harness/arbitrary-events.ts';
import { hostileText } from '../../../test/harness/hostile-text.ts';
import { holds } from '../../../test/harness/property.ts';
import { formatUsd, parseUsd } from './money.ts';
import type { PriceBook, PriceRow } from './price-book.ts';
import { indexPriceBook } from './price-index.ts';
import { type PricedRequest, priceUsage } from './price-usage.ts';

const FROM = '2026-01-01T00:00:00.000Z';
const AT = Date.parse('2026-06-01T00:00:00Z');
const TIER_EDGE = 200_000;

const price = fc.bigInt({ min: 1n, max: 100_000_000n });
const prices = fc.record({
  inputPico: price,
  outputPico: price,
  cacheWrite5mPico: price,
  cacheWrite1hPico: price,
  cacheReadPico: price,
  usGeoSurcharge: fc.boolean(),
});
const ratio = fc.record({
  numerator: fc.bigInt({ min: 1n, max: 1_000n }),
  denominator: fc.bigInt({ min: 1n, max: 1_000n }),
});

type Prices = typeof prices extends fc.Arbitrary<infer P> ? P : never;
const row = (id: string, model: string, of: Prices, more: Partial<PriceRow> = {}): PriceRow => ({
  ...{ id, model, from: FROM, speed: 'standard' as const, source: 'a test' },
  ...of,
  ...more,
});

/** `plain`, `plain` in fast mode, and `tiered`, whose price depends on the length of the prompt. */
const anyBook: fc.Arbitrary<PriceBook> = fc
  .record({
    plain: prices,
    fast: prices,
    short: prices,
    long: prices,
    batch: ratio,
    usGeo: ratio,
    webSearchPico: price,
  })
  .map(({ plain, fast, short, long, ...factors }) => ({
    rows: [
      row('plain', 'plain', plain),
      row('fast', 'plain', fast, { speed: 'fast' }),
      row('short', 'tiered', short, { tier: { minPromptTokens: 0, maxPromptTokens: TIER_EDGE } }),
      row('long', 'tiered', long, { tier: { minPromptTokens: TIER_EDGE + 1 } }),
    ],
    aliases: { other: 'plain' },
    ...factors,
  }));

const anyRequest: fc.Arbitrary<PricedRequest & { usage: UsageCounters }> = fc.record({
  occurredAt: fc.constant(AT),
  requestedModel: fc.constantFrom('plain', 'other', 'tiered'),
  usage: anyUsage,
  usageBasis: fc.constant('reported'),
  outcome: fc.constant('complete'),
  serviceTier: fc.constantFrom(undefined, 'standard', 'batch'),
  speed: fc.constantFrom(undefined, 'standard'),
  inferenceGeo: fc.constantFrom(undefined, 'us', 'eu'),
});

const tokensOnly = fc.record({ input_tokens: fc.nat(1_000_000), output_tokens: fc.nat(1_000_000) });

type Fraction = { over: bigint; under: bigint };
const times = (a: Fraction, b: Fraction): Fraction => ({ over: a.over * b.over, under: a.under * b.under });
const plus = (a: Fraction, b: Fraction): Fraction => ({
  over: a.over * b.under + b.over * a.under,
  under: a.under * b.under,
});
const whole = (value: bigint): Fraction => ({ over: value, under: 1n });

/** The cost by schoolbook fractions, with a row found by reading the book from the top. */
function expectedPico(book: PriceBook, { usage, requestedModel, serviceTier, inferenceGeo }: typeof example): bigint {
  const writes = usage.cache_creation?.ephemeral_5m_input_tokens ?? 0;
  const write1h = usage.cache_creation?.ephemeral_1h_input_tokens ?? 0;
  const write5m = Math.max((usage.cache_creation_input_tokens ?? 0) - write1h, writes);
  const read = usage.cache_read_input_tokens ?? 0;
  const prompt = usage.input_tokens + read + write5m + write1h;
  const model = requestedModel === 'other' ? 'plain' : requestedModel;
  const at = book.rows.find(
    (one) => one.model === model && one.speed === 'standard' && (one.tier === undefined || isIn(one.tier, prompt)),
  )!;
  const products: [number, bigint][] = [
    [usage.input_tokens, at.inputPico],
    [usage.output_tokens, at.outputPico],
    [read, at.cacheReadPico],
    [write5m, at.cacheWrite5mPico],
    [write1h, at.cacheWrite1hPico],
  ];
  let cost = products.map(([n, pico]) => whole(BigInt(n) * pico)).reduce(plus);
  if (serviceTier === 'batch') cost = times(cost, { over: book.batch.numerator, under: book.batch.denominator });
  if (inferenceGeo === 'us' && at.usGeoSurcharge)
    cost = times(cost, { over: book.usGeo.numerator, under: book.usGeo.denominator });
  const half = plus(cost, { over: 1n, under: 2n });
  return half.over / half.under + BigInt(usage.server_tool_use?.web_search_requests ?? 0) * book.webSearchPico;
}

const isIn = (tier: NonNullable<PriceRow['tier']>, prompt: number) =>
  prompt >= tier.minPromptTokens && prompt <= (tier.maxPromptTokens ?? Infinity);
const example = fc.sample(anyRequest, { numRuns: 1, seed: 1 })[0]!;

test('a cost is what fractions say, rounded once, for any prices and any usage', () => {
  holds(
    30_000,
    fc.property(anyBook, anyRequest, (book, request) => {
      const { costPicoUsd, basis } = priceUsage(indexPriceBook(book), request);
      assert.equal(costPicoUsd, expectedPico(book, request));
      assert.notEqual(basis, 'provisional');
    }),
  );
});

test('two requests cost what their sum costs, to one pico-dollar of rounding', () => {
  holds(
    10_000,
    fc.property(anyBook, tokensOnly, tokensOnly, fc.constantFrom('batch', undefined), (book, a, b, serviceTier) => {
      const index = indexPriceBook(book);
      const cost = (usage: UsageCounters) =>
        priceUsage(index, { ...example, requestedModel: 'plain', serviceTier, usage }).costPicoUsd;
      const both = { input_tokens: a.input_tokens + b.input_tokens, output_tokens: a.output_tokens + b.output_tokens };
      const apart = cost(a) + cost(b) - cost(both);
      assert.ok(apart >= -1n && apart <= 1n, `${apart} pico-dollars apart`);
    }),
  );
});

test('one more token of any kind never costs less', () => {
  const kinds = ['input_tokens', 'output_tokens', 'cache_read_input_tokens'] as const;
  holds(
    10_000,
    fc.property(anyBook, anyRequest, fc.constantFrom(...kinds), fc.nat(1_000), (book, request, kind, more) => {
      const index = indexPriceBook(book);
      const plain = { ...request, requestedModel: 'plain' };
      const usage = { ...request.usage, [kind]: (request.usage[kind] ?? 0) + more };
      assert.ok(priceUsage(index, { ...plain, usage }).costPicoUsd >= priceUsage(index, plain).costPicoUsd);
    }),
  );
});

test('a model or a speed that nobody knows is never free and never cheaper than one that is known', () => {
  const stranger = hostileText.filter((name) => !['plain', 'other', 'tiered'].includes(name));
  const unknown = fc.oneof(
    stranger.map((servedModel) => ({ servedModel })),
    fc.constant({ servedModel: 'plain', speed: 'ludicrous' }),
  );
  holds(
    20_000,
    fc.property(anyBook, tokensOnly, unknown, (book, usage, strange) => {
      const index = indexPriceBook(book);
      const request = { ...example, ...strange, serviceTier: 'batch', inferenceGeo: undefined, usage };
      const cost = priceUsage(index, request);
      const used = usage.input_tokens + usage.output_tokens > 0;
      assert.equal(cost.costPicoUsd > 0n, used);
      if (used) assert.deepEqual([cost.basis, cost.priceRow], ['provisional', 'unknown']);
      const known = priceUsage(index, {
        ...example,
        requestedModel: 'plain',
        serviceTier: undefined,
        inferenceGeo: undefined,
        usage,
      });
      assert.ok(cost.costPicoUsd >= known.costPicoUsd);
    }),
  );
});

test('an amount is read back as it was written, and nothing else is an amount', () => {
  const most = 10n ** 30n - 1n;
  holds(
    40_000,
    fc.property(fc.bigInt({ min: -most, max: most }), (pico) => assert.equal(parseUsd(formatUsd(pico)), pico)),
  );
  holds(
    10_000,
    fc.property(hostileText, (text) => {
      if (/^-?\d{1,18}(\.\d{1,12})?$/.test(text)) return;
      assert.throws(() => parseUsd(text), RangeError);
    }),
  );
});
