import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { UsageCounters } from '@bursar/events/usage-event';
import fc from 'fast-check';
import { anthropicPrices } from './anthropic-prices.ts';
import { formatUsd } from './money.ts';
import { indexPriceBook } from './price-index.ts';
import { type Cost, type PricedRequest, priceUsage } from './price-usage.ts';

const index = indexPriceBook(anthropicPrices);
const NOON = Date.parse('2026-11-20T12:00:00Z');

type Change = Partial<Omit<PricedRequest, 'usage'>> & { usage?: Partial<UsageCounters> | undefined };

function priced({ usage = {}, ...change }: Change): Cost {
  return priceUsage(index, {
    occurredAt: NOON,
    requestedModel: 'claude-opus-5-5',
    usage: { input_tokens: 0, output_tokens: 0, ...usage },
    usageBasis: 'reported',
    outcome: 'complete',
    ...change,
  });
}

function step(type: string, model: string | null, input_tokens: number, output_tokens: number) {
  return { type, model, input_tokens, output_tokens };
}

const k = { input_tokens: 1000, output_tokens: 500 };
const opus = 'claude-opus-5-5/2026-09-22';
const small = 'claude-haiku-5-5/le100k/2026-10-07';
const large = 'claude-haiku-5-5/gt100k/2026-10-07';
const sonnet = 'claude-sonnet-5-5/2026-10-07';

const CASES: [name: string, change: Change, usd: string, basis: Cost['basis'], row: string][] = [
  ['input and output', { usage: k }, '0.014000000000', 'firm', opus],
  [
    'the served model, not the requested one',
    { requestedModel: 'claude-opus-5-5', servedModel: 'claude-sonnet-5-5', usage: k },
    '0.007000000000',
    'firm',
    sonnet,
  ],
  ['a cache read', { usage: { cache_read_input_tokens: 1000 } }, '0.000200000000', 'firm', opus],
  [
    'cache writes of both lives',
    {
      usage: {
        cache_creation_input_tokens: 3000,
        cache_creation: { ephemeral_5m_input_tokens: 1000, ephemeral_1h_input_tokens: 2000 },
      },
    },
    '0.021000000000',
    'firm',
    opus,
  ],
  [
    'cache writes whose life is unknown, as 5 m',
    { usage: { cache_creation_input_tokens: 1000 } },
    '0.005000000000',
    'estimated',
    opus,
  ],
  [
    'cache writes partly unknown: the rest as 5 m',
    { usage: { cache_creation_input_tokens: 3000, cache_creation: { ephemeral_1h_input_tokens: 1000 } } },
    '0.018000000000',
    'estimated',
    opus,
  ],
  [
    'a split that exceeds its total: the split counts',
    { usage: { cache_creation_input_tokens: 1, cache_creation: { ephemeral_1h_input_tokens: 1000 } } },
    '0.008000000000',
    'estimated',
    opus,
  ],
  [
    'haiku at its last short prompt',
    { servedModel: 'claude-haiku-5-5', usage: { input_tokens: 100_000, output_tokens: 1000 } },
    '0.010500000000',
    'firm',
    small,
  ],
  [
    'haiku one token longer, dearer for all tokens',
    { servedModel: 'claude-haiku-5-5', usage: { input_tokens: 100_001, output_tokens: 1000 } },
    '0.052500500000',
    'firm',
    large,
  ],
  [
    'haiku, long by cache reads and writes',
    {
      servedModel: 'claude-haiku-5-5',
      usage: {
        input_tokens: 1,
        cache_read_input_tokens: 60_000,
        cache_creation_input_tokens: 40_000,
        cache_creation: { ephemeral_5m_input_tokens: 40_000 },
      },
    },
    '0.028000500000',
    'firm',
    large,
  ],
  [
    'a dated model id',
    { servedModel: 'claude-haiku-4-5-20251001', usage: k },
    '0.003500000000',
    'firm',
    'claude-haiku-4-5/launch',
  ],
  [
    'sonnet a moment before its cut',
    {
      occurredAt: Date.parse('2026-10-06T23:59:59.999Z'),
      servedModel: 'claude-sonnet-5-5',
      usage: { cache_read_input_tokens: 1000 },
    },
    '0.000200000000',
    'firm',
    'claude-sonnet-5-5/2026-09-28',
  ],
  [
    'sonnet at its cut',
    {
      occurredAt: new Date('2026-10-07T00:00:00Z'),
      servedModel: 'claude-sonnet-5-5',
      usage: { cache_read_input_tokens: 1000 },
    },
    '0.000100000000',
    'firm',
    sonnet,
  ],
  ['a batch', { serviceTier: 'batch', usage: k }, '0.007000000000', 'firm', opus],
  ['inference in the US', { inferenceGeo: 'us', usage: k }, '0.015400000000', 'firm', opus],
  ['a batch in the US', { serviceTier: 'batch', inferenceGeo: 'us', usage: k }, '0.007700000000', 'firm', opus],
  [
    'a model too old for the US surcharge',
    { servedModel: 'claude-haiku-4-5', inferenceGeo: 'us', usage: k },
    '0.003500000000',
    'firm',
    'claude-haiku-4-5/launch',
  ],
  ['fast mode', { speed: 'fast', usage: k }, '0.028000000000', 'firm', 'claude-opus-5-5/fast/2026-09-22'],
  [
    'fast mode in the US',
    { speed: 'fast', inferenceGeo: 'us', usage: k },
    '0.030800000000',
    'firm',
    'claude-opus-5-5/fast/2026-09-22',
  ],
  [
    'fast mode after it ended: 16 in, 80 out',
    { speed: 'fast', servedModel: 'claude-opus-4-8', occurredAt: Date.parse('2026-11-30T00:00:00Z'), usage: k },
    '0.056000000000',
    'provisional',
    'unknown',
  ],
  ['a speed nobody knows', { speed: 'ludicrous', usage: k }, '0.056000000000', 'provisional', 'unknown'],
  [
    'web searches, untouched by batch and geo',
    { serviceTier: 'batch', inferenceGeo: 'us', usage: { server_tool_use: { web_search_requests: 3 } } },
    '0.030000000000',
    'firm',
    opus,
  ],
  [
    'an unknown model, the dearest of each kind',
    { servedModel: 'claude-next-9', usage: k },
    '0.056000000000',
    'provisional',
    'unknown',
  ],
  [
    'an unknown model in a batch, without a discount',
    { servedModel: 'claude-next-9', serviceTier: 'batch', usage: k },
    '0.056000000000',
    'provisional',
    'unknown',
  ],
  [
    'an unknown model in the US, with the surcharge',
    { servedModel: 'claude-next-9', inferenceGeo: 'us', usage: k },
    '0.061600000000',
    'provisional',
    'unknown',
  ],
  [
    'an unlisted snapshot of a known model',
    { servedModel: 'claude-haiku-4-5-20991231', usage: k },
    '0.056000000000',
    'provisional',
    'unknown',
  ],
  [
    'a model before it had a price',
    { occurredAt: Date.parse('2026-09-21T23:59:59Z'), usage: k },
    '0.052500000000',
    'provisional',
    'unknown',
  ],
  [
    'estimated counts',
    { usageBasis: 'estimated', outcome: 'cancelled', usage: k },
    '0.014000000000',
    'estimated',
    opus,
  ],
  [
    'known counts of a stream that broke',
    { usageBasis: 'unknown', outcome: 'truncated', usage: k },
    '0.014000000000',
    'estimated',
    opus,
  ],
  [
    'priority capacity, whose price is negotiated',
    { serviceTier: 'priority', usage: k },
    '0.014000000000',
    'estimated',
    opus,
  ],
  [
    'a refusal before output',
    { stopReason: 'refusal', usage: { input_tokens: 1000 } },
    '0.000000000000',
    'firm',
    'none',
  ],
  ['a refusal in the middle', { stopReason: 'refusal', usage: k }, '0.014000000000', 'firm', opus],
  ['counting tokens', { operation: 'count_tokens', usage: { input_tokens: 1000 } }, '0.000000000000', 'firm', 'none'],
  [
    'a fallback: every attempt at its own price, the top level not again',
    {
      servedModel: 'claude-sonnet-5-5',
      usage: {
        ...k,
        iterations: [
          step('message', 'claude-opus-5-5', 1000, 0),
          step('fallback_message', 'claude-sonnet-5-5', 1000, 500),
        ],
      },
    },
    '0.011000000000',
    'firm',
    sonnet,
  ],
  [
    'compaction, which the top level leaves out',
    { usage: { ...k, iterations: [step('compaction', null, 10_000, 1000), step('message', null, 1000, 500)] } },
    '0.074000000000',
    'firm',
    opus,
  ],
  [
    'compaction alone in the iterations, added to the top level',
    { usage: { ...k, iterations: [step('compaction', null, 10_000, 1000)] } },
    '0.074000000000',
    'firm',
    opus,
  ],
  [
    'one step of an unknown model, though the last is known',
    { usage: { ...k, iterations: [step('message', 'claude-next-9', 1000, 0), step('message', null, 1000, 500)] } },
    '0.030000000000',
    'provisional',
    'unknown',
  ],
  [
    'the length of each prompt by itself',
    {
      servedModel: 'claude-haiku-5-5',
      usage: {
        input_tokens: 160_000,
        output_tokens: 0,
        iterations: [step('message', null, 80_000, 0), step('message', null, 80_000, 0)],
      },
    },
    '0.016000000000',
    'firm',
    small,
  ],
];

for (const [name, change, usd, basis, priceRow] of CASES) {
  test(`${name}: ${usd} USD, ${basis}`, () => {
    const cost = priced(change);
    assert.deepEqual({ ...cost, costPicoUsd: formatUsd(cost.costPicoUsd) }, { costPicoUsd: usd, basis, priceRow });
  });
}

for (const [outcome, basis] of [
  ['http_error', 'firm'],
  ['transport_error', 'estimated'],
  ['refused', 'firm'],
  ['complete', 'estimated'],
  ['cancelled', 'estimated'],
  ['truncated', 'estimated'],
] as const) {
  test(`without usage, ${outcome} costs nothing, ${basis}`, () => {
    const cost = priceUsage(index, {
      occurredAt: NOON,
      requestedModel: 'claude-next-9',
      usageBasis: 'unknown',
      outcome,
    });
    assert.deepEqual(cost, { costPicoUsd: 0n, basis, priceRow: 'none' });
  });
}

test('a fraction of a pico-dollar is rounded half up once, at the end of all steps', () => {
  const [row] = anthropicPrices.rows;
  const cheap = { ...row!, id: 'cheap', model: 'cheap', inputPico: 1n, from: '2024-01-01T00:00:00Z' };
  const oddPrices = indexPriceBook({ ...anthropicPrices, rows: [cheap], aliases: {} });
  const halfPico = (steps: number) =>
    priceUsage(oddPrices, {
      occurredAt: NOON,
      requestedModel: 'cheap',
      serviceTier: 'batch',
      usageBasis: 'reported',
      outcome: 'complete',
      usage: {
        input_tokens: 0,
        output_tokens: 0,
        iterations: Array.from({ length: steps }, () => step('message', null, 1, 0)),
      },
    }).costPicoUsd;
  assert.deepEqual([1, 2, 3].map(halfPico), [1n, 1n, 2n]);
});

const count = fc.integer({ min: 0, max: 1_000_000_000 });
const anyUsage = fc.record({
  input_tokens: count,
  output_tokens: count,
  cache_read_input_tokens: count,
  cache_creation: fc.record({ ephemeral_5m_input_tokens: count, ephemeral_1h_input_tokens: count }),
});
const anyModel = fc.constantFrom('claude-opus-5-5', 'claude-haiku-5-5', 'claude-haiku-4-5', 'claude-next-9');
const anyTerms = fc.record({
  requestedModel: anyModel,
  serviceTier: fc.constantFrom(undefined, 'batch'),
  inferenceGeo: fc.constantFrom(undefined, 'us'),
  speed: fc.constantFrom(undefined, 'standard', 'fast'),
});

test('more tokens never cost less, and no cost is negative', () => {
  fc.assert(
    fc.property(
      anyTerms,
      anyUsage,
      fc.constantFrom('input_tokens' as const, 'output_tokens' as const),
      (terms, usage, kind) => {
        const less = priced({ ...terms, usage }).costPicoUsd;
        const more = priced({ ...terms, usage: { ...usage, [kind]: usage[kind] + 1 } }).costPicoUsd;
        assert.ok(less >= 0n && more > less);
      },
    ),
  );
});

test('two requests cost what their tokens cost together, where no prompt length matters', () => {
  const flat = anyTerms.filter(({ requestedModel }) => requestedModel !== 'claude-haiku-5-5');
  fc.assert(
    fc.property(flat, anyUsage, anyUsage, (terms, a, b) => {
      const sum = {
        input_tokens: a.input_tokens + b.input_tokens,
        output_tokens: a.output_tokens + b.output_tokens,
        cache_read_input_tokens: a.cache_read_input_tokens + b.cache_read_input_tokens,
        cache_creation: {
          ephemeral_5m_input_tokens:
            a.cache_creation.ephemeral_5m_input_tokens + b.cache_creation.ephemeral_5m_input_tokens,
          ephemeral_1h_input_tokens:
            a.cache_creation.ephemeral_1h_input_tokens + b.cache_creation.ephemeral_1h_input_tokens,
        },
      };
      const [costA, costB, costSum] = [a, b, sum].map((usage) => priced({ ...terms, usage }).costPicoUsd);
      assert.equal(costA! + costB!, costSum);
    }),
  );
});

test('no token of an unknown model is free, and none is cheaper than at any known model', () => {
  fc.assert(
    fc.property(anyUsage, fc.constantFrom(...anthropicPrices.rows), (usage, { model, speed }) => {
      const unknown = priced({ requestedModel: 'claude-next-9', usage });
      assert.equal(unknown.basis, 'provisional');
      assert.ok(unknown.costPicoUsd >= priced({ requestedModel: model, speed, usage }).costPicoUsd);
      if (usage.input_tokens > 0) assert.ok(unknown.costPicoUsd > 0n);
    }),
  );
});

test('no tokens are a firm nothing, whatever the model', () => {
  const usage = { input_tokens: 0, output_tokens: 0 };
  const request = {
    occurredAt: Date.UTC(2026, 10, 1),
    requestedModel: 'several',
    usage,
    usageBasis: 'reported',
    outcome: 'complete',
  } as const;
  assert.deepEqual(priceUsage(indexPriceBook(anthropicPrices), request), {
    costPicoUsd: 0n,
    basis: 'firm',
    priceRow: 'none',
  });
});
