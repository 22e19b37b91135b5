import type { UsageCounters, UsageData } from '@bursar/events/usage-event';
import type { PriceRow, Ratio } from './price-book.ts';
import { dearestRow, findRow, type PriceIndex } from './price-index.ts';

/** The fields of a usage event that decide its cost. `occurredAt` is when the request started. */
export type PricedRequest = {
  occurredAt: Date | number;
  requestedModel: string;
  servedModel?: string | undefined;
  usage?: UsageCounters | undefined;
  usageBasis: UsageData['usageBasis'];
  outcome: UsageData['outcome'];
  serviceTier?: string | undefined;
  speed?: string | undefined;
  inferenceGeo?: string | undefined;
  operation?: UsageData['operation'] | undefined;
  stopReason?: string | undefined;
};

export type CostBasis = 'firm' | 'estimated' | 'provisional';

/** `priceRow`: the row of the last step, `unknown` (some step has no price) or `none` (nothing to price). */
export type Cost = { costPicoUsd: bigint; basis: CostBasis; priceRow: string };

type Iteration = NonNullable<UsageCounters['iterations']>[number];
type TokenCounters = Pick<
  UsageCounters,
  'input_tokens' | 'output_tokens' | 'cache_creation_input_tokens' | 'cache_read_input_tokens' | 'cache_creation'
>;

/**
 * What a request cost, in pico-dollars: the price of the served model in force when it ran, tokens × price × factors,
 * summed exactly and rounded half up once, to a whole pico-dollar.
 *
 * - `provisional`: some model or speed has no price; its tokens cost the dearest in force, without a batch discount.
 * - `estimated`: the counts are estimates, or the 5 m / 1 h split of cache writes is missing (5 m, the default, is assumed).
 * - `firm`: all else, also the 0 of what Anthropic doesn't bill: failures, refusals before output, `count_tokens`.
 */
export function priceUsage(index: PriceIndex, request: PricedRequest): Cost {
  const { usage } = request;
  if (isFree(request)) return { costPicoUsd: 0n, basis: 'firm', priceRow: 'none' };
  if (!usage) return { costPicoUsd: 0n, basis: basisWithoutUsage(request.outcome), priceRow: 'none' };
  if (usedNothing(usage)) return { costPicoUsd: 0n, basis: 'firm', priceRow: 'none' };

  const tally = new Tally(index, request);
  const model = request.servedModel ?? request.requestedModel;
  const iterations = usage.iterations ?? [];
  // Anthropic bills by iterations; the top level repeats those that sampled the answer and omits the rest (compaction).
  if (!iterations.some(isSampling)) tally.add(usage, model);
  for (const step of iterations) tally.add(step, step.model ?? model);
  return tally.cost(usage.server_tool_use?.web_search_requests ?? 0);
}

function isFree({ operation, stopReason, usage }: PricedRequest): boolean {
  return operation === 'count_tokens' || (stopReason === 'refusal' && usage?.output_tokens === 0);
}

/** Nothing costs nothing by any price, also by one that nobody knows. */
function usedNothing(usage: UsageCounters): boolean {
  const steps = [usage, ...(usage.iterations ?? [])];
  const searches = usage.server_tool_use?.web_search_requests ?? 0;
  return searches === 0 && steps.every((step) => promptTokens(step) + step.output_tokens === 0);
}

function basisWithoutUsage(outcome: PricedRequest['outcome']): CostBasis {
  const unbilled = outcome === 'http_error' || outcome === 'refused';
  return unbilled ? 'firm' : 'estimated';
}

function isSampling(step: Iteration): boolean {
  return step.type === 'message' || step.type === 'fallback_message';
}

/** Adds up the steps of one request over the common denominator of both factors, so that only the end is rounded. */
class Tally {
  readonly #index: PriceIndex;
  readonly #atMs: number;
  readonly #fast: boolean;
  readonly #knownSpeed: boolean;
  readonly #batch: boolean;
  readonly #usGeo: boolean;
  #scaledPico = 0n;
  #priceRow = 'none';
  #provisional = false;
  #estimated: boolean;

  constructor(index: PriceIndex, request: PricedRequest) {
    const { speed, serviceTier, inferenceGeo, occurredAt, usageBasis } = request;
    this.#index = index;
    this.#atMs = typeof occurredAt === 'number' ? occurredAt : occurredAt.getTime();
    this.#fast = speed === 'fast';
    this.#knownSpeed = speed === undefined || speed === 'standard' || this.#fast;
    // Fast mode is not sold in batches; should both appear, the dearer one holds.
    this.#batch = serviceTier === 'batch' && !this.#fast;
    this.#usGeo = inferenceGeo === 'us';
    // Priority capacity has negotiated prices, which no list shows.
    this.#estimated = usageBasis !== 'reported' || serviceTier === 'priority';
  }

  add(tokens: TokenCounters, model: string): void {
    const known = this.#knownSpeed
      ? findRow(this.#index, model, this.#atMs, this.#fast, promptTokens(tokens))
      : undefined;
    const row = known ?? dearestRow(this.#index, this.#atMs);
    const { batch, usGeo } = this.#index;
    const batchFactor = scaled(batch, this.#batch && known !== undefined);
    const geoFactor = scaled(usGeo, this.#usGeo && row.usGeoSurcharge);
    this.#scaledPico += tokenPico(tokens, row) * batchFactor * geoFactor;
    if (!known) this.#provisional = true;
    if (!splitIsKnown(tokens)) this.#estimated = true;
    this.#priceRow = this.#provisional ? 'unknown' : row.id;
  }

  cost(webSearches: number): Cost {
    const { batch, usGeo, webSearchPico } = this.#index;
    const tokensPico = divideHalfUp(this.#scaledPico, batch.denominator * usGeo.denominator);
    const basis = this.#provisional ? 'provisional' : this.#estimated ? 'estimated' : 'firm';
    return { costPicoUsd: tokensPico + BigInt(webSearches) * webSearchPico, basis, priceRow: this.#priceRow };
  }
}

function promptTokens(tokens: TokenCounters): number {
  return tokens.input_tokens + (tokens.cache_read_input_tokens ?? 0) + cacheWrites(tokens);
}

function cacheWrites(tokens: TokenCounters): number {
  return Math.max(tokens.cache_creation_input_tokens ?? 0, splitWrites(tokens));
}

function splitWrites({ cache_creation: split }: TokenCounters): number {
  return (split?.ephemeral_5m_input_tokens ?? 0) + (split?.ephemeral_1h_input_tokens ?? 0);
}

function splitIsKnown(tokens: TokenCounters): boolean {
  const total = tokens.cache_creation_input_tokens;
  return total === undefined || total === null || total === splitWrites(tokens);
}

function tokenPico(tokens: TokenCounters, row: PriceRow): bigint {
  let pico = BigInt(tokens.input_tokens) * row.inputPico + BigInt(tokens.output_tokens) * row.outputPico;
  const read = tokens.cache_read_input_tokens;
  if (read) pico += BigInt(read) * row.cacheReadPico;
  const writes = cacheWrites(tokens);
  if (writes > 0) {
    const write1h = tokens.cache_creation?.ephemeral_1h_input_tokens ?? 0;
    pico += BigInt(writes - write1h) * row.cacheWrite5mPico + BigInt(write1h) * row.cacheWrite1hPico;
  }
  return pico;
}

function scaled(ratio: Ratio, applies: boolean): bigint {
  return applies ? ratio.numerator : ratio.denominator;
}

function divideHalfUp(value: bigint, divisor: bigint): bigint {
  return (value * 2n + divisor) / (divisor * 2n);
}
