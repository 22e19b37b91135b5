import type { UsageData } from '@bursar/events/usage-event';
import type { Random } from '../random.ts';
import * as prices from './price-table.ts';

export type DrawnTokens = { input: number; output: number; read: number; write5m: number; write1h: number };

/** One request as the generator thought it up: what the event will say of it, and what it must count as. */
export type Draw = {
  readonly tokens: DrawnTokens;
  readonly searches: number;
  readonly price: prices.TablePrice | undefined;
  readonly inBatch: boolean;
  readonly inUs: boolean;
  readonly fields: Pick<UsageData, 'requestedModel' | 'outcome' | 'usageBasis' | 'attempt'> & Partial<UsageData>;
};

const NONE: DrawnTokens = { input: 0, output: 0, read: 0, write5m: 0, write1h: 0 };
const MODELS: readonly [string, prices.TablePrice][] = [
  ['claude-haiku-4-5', prices.HAIKU_4_5],
  ['claude-haiku-4-5-20251001', prices.HAIKU_4_5],
  ['claude-haiku-5-5', prices.HAIKU_5_5_SHORT],
  ['claude-sonnet-5-5', prices.SONNET_5_5],
  ['claude-opus-5-5', prices.OPUS_5_5],
];

/** Thinks up one request. Models without a price are called by the service `labs` alone. */
export function draw(random: Random, service: string): Draw {
  const chance = random.next();
  if (chance < 0.04) return failed(random);
  if (chance < 0.06)
    return { ...plain(random), ...withFields(random, { outcome: 'cancelled', usageBasis: 'estimated' }) };
  if (chance < 0.08) return { ...plain(random), ...withFields(random, { attempt: 1 }) };
  if (chance < 0.12)
    return { ...cached(random), ...ofModel('claude-opus-5-5', prices.OPUS_5_5), inBatch: true, inUs: true };
  if (chance < 0.14)
    return { ...plain(random), ...ofModel('claude-haiku-5-5', prices.HAIKU_5_5_LONG), tokens: long(random) };
  if (chance < 0.17) return { ...plain(random), searches: random.whole(1, 3) };
  if (chance < 0.4) return cached(random);
  if (service === 'labs' && chance < 0.5) return { ...plain(random), ...ofModel('claude-next-9', prices.UNKNOWN) };
  return plain(random);
}

function plain(random: Random): Draw {
  const [model, price] = random.pick(MODELS);
  const tokens = { ...NONE, input: random.whole(20, 4_000), output: random.whole(1, 900) };
  return { tokens, searches: 0, inBatch: false, inUs: false, ...ofModel(model, price) };
}

function cached(random: Random): Draw {
  const written = random.next() < 0.5 ? { write5m: random.whole(1, 9_000), write1h: random.whole(0, 5_000) } : {};
  const drawn = plain(random);
  return { ...drawn, tokens: { ...drawn.tokens, ...written, read: random.whole(1, 60_000) } };
}

function long(random: Random): DrawnTokens {
  return { ...NONE, input: random.whole(100_001, 150_000), output: random.whole(1, 900) };
}

function failed(random: Random): Draw {
  const fields = { outcome: 'http_error', status: random.pick([429, 529]), errorType: 'overloaded_error' } as const;
  return { ...plain(random), tokens: NONE, price: undefined, fields: { ...base('claude-sonnet-5-5'), ...fields } };
}

function ofModel(model: string, price: prices.TablePrice): Pick<Draw, 'price' | 'fields'> {
  return { price, fields: { ...base(model), servedModel: model, status: 200, stopReason: 'end_turn' } };
}

function withFields(random: Random, fields: Partial<UsageData>): Pick<Draw, 'price' | 'fields'> {
  const [model, price] = random.pick(MODELS);
  const known = ofModel(model, price);
  return { price, fields: { ...known.fields, ...fields } };
}

function base(requestedModel: string): Draw['fields'] {
  return { requestedModel, outcome: 'complete', usageBasis: 'reported', attempt: 0 };
}
