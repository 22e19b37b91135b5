import { setTimeout as sleep } from 'node:timers/promises';
import { generate } from '../traffic/generate.ts';
import { openChain } from './bench-chain.ts';
import { KEYS } from './chain.ts';
import { commits, delays } from './commits.ts';
import { isExact } from './exact.ts';
import { percentiles } from './percentiles.ts';

const RATE_PER_S = 2_000;
const BEFORE_S = 3;

/**
 * Ends the only aggregator under load and starts another at once, as a supervisor would. The worst delay of any event from
 * send to commit, and whether the sums are exact.
 */
export async function measureRecovery(
  signal: 'SIGKILL' | 'SIGTERM',
  seconds: number,
): Promise<{ worstMs: number; exact: boolean }> {
  await using chain = await openChain(`recovery ${signal}`);
  const first = await chain.startAggregator();
  await first.ready(60_000);
  const { brokers, topics } = chain.kafka;
  const count = RATE_PER_S * seconds;
  const producing = generate({ brokers, topic: topics.usage.name, count, keys: KEYS, ratePerS: RATE_PER_S });
  await sleep(BEFORE_S * 1_000);
  await first.kill(signal);
  const second = await chain.startAggregator();
  const produced = await producing;
  await chain.untilStored(produced.count);
  await second.kill('SIGTERM');
  const { fromSendMs } = delays(await commits(chain.db), produced.sent, 0);
  return { worstMs: percentiles(fromSendMs).worstMs, exact: await isExact(chain.db, produced.oracle) };
}
