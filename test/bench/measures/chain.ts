import { generate } from '../traffic/generate.ts';
import { openChain } from './bench-chain.ts';
import { commits, delays, storedPerS } from './commits.ts';
import { isExact } from './exact.ts';
import { type Percentiles, percentiles } from './percentiles.ts';

export type ChainRun = {
  offeredPerS: number;
  storedPerS: number;
  /** From send to commit. */
  p50Ms: number;
  p95Ms: number;
  p99Ms: number;
  exact: boolean;
  signed: boolean;
  events: number;
  /** Offered, but the emitter's queue was full: Kafka or the generator had no time. */
  dropped: number;
  /** From the moment the event was made: the emitter's linger is in it. */
  fromEmit: Percentiles;
};

export const KEYS = 1_000;
const WARM_UP_S = 3;

/** The aggregator's process and the generator's, at a steady rate, after some seconds that are counted but not timed. */
export async function measureChain(ratePerS: number, seconds: number): Promise<ChainRun> {
  await using chain = await openChain(`chain ${ratePerS}`);
  const aggregator = await chain.startAggregator();
  await aggregator.ready(60_000);
  const { brokers, topics } = chain.kafka;
  const count = ratePerS * (WARM_UP_S + seconds);
  const produced = await generate({ brokers, topic: topics.usage.name, count, keys: KEYS, ratePerS });
  await chain.untilStored(produced.count);
  await aggregator.kill('SIGTERM');
  const stored = await commits(chain.db);
  const { fromSendMs, fromEmitMs } = delays(stored, produced.sent, produced.sent[0]!.atMs + WARM_UP_S * 1_000);
  const { p50Ms, p95Ms, p99Ms } = percentiles(fromSendMs);
  return {
    ...{ offeredPerS: ratePerS, storedPerS: storedPerS(stored), p50Ms, p95Ms, p99Ms },
    exact: await isExact(chain.db, produced.oracle),
    ...{ signed: false, events: produced.count, dropped: produced.dropped, fromEmit: percentiles(fromEmitMs) },
  };
}
