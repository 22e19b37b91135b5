import type { UsageCounters, UsageData } from '@bursar/events/usage-event';
import { type BilledStep, billedSteps, billedTokens, splitIsKnown, type Tokens, tokensOf } from './billed-tokens.ts';
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
  for (const step of billedSteps(usage)) tally.add(step, step.model ?? model);
  return tally.cost(usage.server_tool_use?.web_search_requests ?? 0);
}

function isFree({ operation, stopReason, usage }: PricedRequest): boolean {
  return operation === 'count_tokens' || (stopReason === 'refusal' && usage?.output_tokens === 0);
}

/** Nothing costs nothing by any price, also by one that nobody knows. */
function usedNothing(usage: UsageCounters): boolean {
  const searches = usage.server_tool_use?.web_search_requests ?? 0;
  return searches === 0 && Object.values(billedTokens(usage)).every((count) => count === 0);
}

function basisWithoutUsage(outcome: PricedRequest['outcome']): CostBasis {
  const unbilled = outcome === 'http_error' || outcome === 'refused';
  return unbilled ? 'firm' : 'estimated';
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

  add(step: BilledStep, model: string): void {
    const tokens = tokensOf(step);
    const known = this.#knownSpeed
      ? findRow(this.#index, model, this.#atMs, this.#fast, promptTokens(tokens))
      : undefined;
    const row = known ?? dearestRow(this.#index, this.#atMs);
    const { batch, usGeo } = this.#index;
    const batchFactor = scaled(batch, this.#batch && known !== undefined);
    const geoFactor = scaled(usGeo, this.#usGeo && row.usGeoSurcharge);
    this.#scaledPico += tokenPico(tokens, row) * batchFactor * geoFactor;
    if (!known) this.#provisional = true;
    if (!splitIsKnown(step)) this.#estimated = true;
    this.#priceRow = this.#provisional ? 'unknown' : row.id;
  }

  cost(webSearches: number): Cost {
    const { batch, usGeo, webSearchPico } = this.#index;
    const tokensPico = divideHalfUp(this.#scaledPico, batch.denominator * usGeo.denominator);
    const basis = this.#provisional ? 'provisional' : this.#estimated ? 'estimated' : 'firm';
    return { costPicoUsd: tokensPico + BigInt(webSearches) * webSearchPico, basis, priceRow: this.#priceRow };
  }
}

function promptTokens({ input, cacheRead, cacheWrite5m, cacheWrite1h }: Tokens): number {
  return input + cacheRead + cacheWrite5m + cacheWrite1h;
}

/** Most requests write no cache: what is zero costs no big number. */
function tokenPico(tokens: Tokens, row: PriceRow): bigint {
  let pico = BigInt(tokens.input) * row.inputPico + BigInt(tokens.output) * row.outputPico;
  if (tokens.cacheRead > 0) pico += BigInt(tokens.cacheRead) * row.cacheReadPico;
  if (tokens.cacheWrite5m > 0) pico += BigInt(tokens.cacheWrite5m) * row.cacheWrite5mPico;
  if (tokens.cacheWrite1h > 0) pico += BigInt(tokens.cacheWrite1h) * row.cacheWrite1hPico;
  return pico;
}

function scaled(ratio: Ratio, applies: boolean): bigint {
  return applies ? ratio.numerator : ratio.denominator;
}

function divideHalfUp(value: bigint, divisor: bigint): bigint {
  return (value * 2n + divisor) / (divisor * 2n);
}
