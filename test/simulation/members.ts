import { generateKeyPairSync } from 'node:crypto';
import { createPartitionLoop } from '@bursar/bus/partition-loop';
import type { Pool } from '@bursar/db/pool';
import { createLog } from '@bursar/runtime/log';
import { ConfigurationKeeper } from '../../services/aggregator/configuration-keeper.ts';
import { createBatchWriter } from '../../services/aggregator/create-batch-writer.ts';
import { createMetrics } from '../../services/aggregator/metrics.ts';
import { PartitionKeeper } from '../../services/aggregator/partition-keeper.ts';
import { PostgresWaits } from '../../services/aggregator/postgres-away.ts';
import { SpeakersKeeper } from '../../services/aggregator/speakers/speakers-keeper.ts';
import { createRevokerMetrics } from '../../services/revoker/metrics.ts';
import { createRevoker, type Revoker } from '../../services/revoker/revoker.ts';
import type { AdminApi } from './admin-api.ts';
import type { Member } from './consumer-group.ts';
import type { TopicLog } from './log.ts';
import type { Random } from './random.ts';
import type { Process } from './scheduler.ts';

const log = createLog({ service: 'simulation', level: 'silent' });
const metrics = createMetrics();
const revokerMetrics = createRevokerMetrics();
const { privateKey } = generateKeyPairSync('ed25519');
const CLUSTER = 'cluster-1';

export type Aggregator = {
  configuration: ConfigurationKeeper;
  /** Reads on where an incident was resolved. Returns on how many partitions. */
  lift(): Promise<number>;
  run(signal: AbortSignal): Promise<void>;
};

/** The parts of the aggregator as its own composition root puts them together, on a simulated log. */
export function openAggregator(pool: Pool, topicLog: TopicLog, member: Member): Aggregator {
  const topic = topicLog.name;
  const identity = { pool, topic, clusterId: CLUSTER, owner: member.process.name };
  const configuration = new ConfigurationKeeper(pool, log, metrics);
  const speakers = new SpeakersKeeper({ pool, folder: undefined, configuration, metrics });
  const writer = createBatchWriter({ ...identity, lanes: 1, configuration, speakers, metrics, log, onNewKey() {} });
  const waits = new PostgresWaits();
  const keeper = new PartitionKeeper({
    ...identity,
    configuration,
    log,
    waits,
    writer,
    watermarks: () => member.watermarks(),
  });
  const loop = createPartitionLoop({
    ...{ kafka: undefined as never, topic, groupId: 'simulated', lanes: 4, onLog() {} },
    work: (batch) => keeper.work(batch),
    consumer: (onLog) => member.consumer(onLog),
  });
  const lift = async () => {
    const resolved = await keeper.resolved();
    for (const partition of resolved) loop.resume(partition);
    return resolved.length;
  };
  return { configuration, lift, run: (signal) => loop.run(signal) };
}

export function openRevoker(pool: Pool, process: Process, adminApi: AdminApi, random: Random): Revoker {
  return createRevoker({
    ...{ pool, client: adminApi.clientOf(process), producer: { send: async () => {} }, standingTopic: 'standing' },
    ...{ privateKey, adminApi: 'emulator', localPause: () => undefined, observeEveryMs: 60_000 },
    ...{ metrics: revokerMetrics, log, random: () => random.next() },
  });
}
