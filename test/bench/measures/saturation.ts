import { measureConsumeOnly } from '../ceilings/consume-only.ts';
import { generate } from '../traffic/generate.ts';
import { openChain } from './bench-chain.ts';
import { benchSecrets } from './bench-secrets.ts';
import { type ChainRun, KEYS } from './chain.ts';
import { commits, delays, storedPerS } from './commits.ts';
import { isExact } from './exact.ts';
import { percentiles } from './percentiles.ts';
import { measureStorage, type Storage } from './storage.ts';

export type Saturation = { run: ChainRun; eventBytes: number; storage: Storage; consumePerS: number };

/**
 * Everything waits in Kafka before the aggregator starts, so nothing but the chain works. The delays of this run are those
 * of a backlog: they tell its length, not the chain's quickness. Reading the same topic without working gives the ceiling.
 * `profileFolder` gets a CPU profile of the aggregator. With `isSigned` each service signs and the policy requires it.
 */
export async function measureSaturation(
  count: number,
  { isSigned = false, profileFolder }: { isSigned?: boolean; profileFolder?: string | undefined } = {},
): Promise<Saturation> {
  await using chain = await openChain('saturation', { isSigned });
  await using signing = isSigned ? await benchSecrets() : undefined;
  const { brokers, topics, prefix } = chain.kafka;
  const topic = topics.usage.name;
  const produced = await generate({ brokers, topic, count, keys: KEYS, ...(signing && { secrets: signing.secrets }) });
  const consumePerS = await measureConsumeOnly({ brokers, topic, groupId: `${prefix}.consume-only`, count });
  const profile = profileFolder ? { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profileFolder}` } : {};
  const secrets = signing ? { BURSAR_SIGNING_SECRETS_DIR: signing.folder } : {};
  const aggregator = await chain.startAggregator({ ...profile, ...secrets });
  await chain.untilStored(count);
  await aggregator.kill('SIGTERM');
  const stored = await commits(chain.db);
  const { fromSendMs, fromEmitMs } = delays(stored, produced.sent, 0);
  const { p50Ms, p95Ms, p99Ms } = percentiles(fromSendMs);
  return {
    run: {
      ...{ offeredPerS: produced.perS, storedPerS: storedPerS(stored), p50Ms, p95Ms, p99Ms },
      exact: await isExact(chain.db, produced.oracle),
      ...{ signed: isSigned, events: count, dropped: 0, fromEmit: percentiles(fromEmitMs) },
    },
    eventBytes: produced.bytesPerEvent,
    storage: await measureStorage(chain.db, count),
    consumePerS,
  };
}
