import { hostname } from 'node:os';
import { watermarks } from '@bursar/bus/admin';
import type { KafkaSettings } from '@bursar/bus/kafka-settings';
import { createPartitionLoop, type PartitionLoop } from '@bursar/bus/partition-loop';
import type { Pool } from '@bursar/db/pool';
import type { Log } from '@bursar/runtime/log';
import type { Loop } from '@bursar/runtime/loop';
import type { ConfigurationKeeper } from './configuration-keeper.ts';
import { createBatchWriter } from './create-batch-writer.ts';
import { exitErrorOf } from './exit-code.ts';
import { createMoveFollower } from './follow-moves.ts';
import { createHaltLifter } from './lift-halts.ts';
import type { AggregatorMetrics } from './metrics.ts';
import { PartitionKeeper } from './partition-keeper.ts';
import { PostgresWaits } from './postgres-away.ts';
import type { SpeakersKeeper } from './speakers/speakers-keeper.ts';

/** More than an installation has: what is small is written together, and what is large waits for room. */
const PARTITIONS_AT_A_TIME = 64;

export type UsageLoopOptions = {
  kafka: KafkaSettings;
  clusterId: string;
  topic: string;
  groupId: string;
  lanes: number;
  pool: Pool;
  configuration: ConfigurationKeeper;
  speakers: SpeakersKeeper;
  metrics: AggregatorMetrics;
  log: Log;
  onNewKey(): void;
};

/** From the usage topic into the ledger. */
export function createUsageLoop(options: UsageLoopOptions): PartitionLoop {
  const { kafka, clusterId, topic, pool, configuration, log } = options;
  const owner = `${hostname()}/${process.pid}`;
  const waits = new PostgresWaits((waiting) => options.metrics.waiting.set(waiting));
  const { speakers, metrics, lanes, onNewKey } = options;
  const ledger = { pool, topic, clusterId, owner, configuration };
  const writer = createBatchWriter({ ...ledger, lanes, speakers, metrics, log, onNewKey });
  const keeper = new PartitionKeeper({
    ...ledger,
    log,
    waits,
    writer,
    watermarks: () => watermarks(kafka, topic),
  });
  const loop = createPartitionLoop({
    kafka,
    topic,
    groupId: options.groupId,
    lanes: PARTITIONS_AT_A_TIME,
    work: (batch) => keeper.work(batch),
    onLog: ({ level, namespace, message }) => log[level]({ namespace }, message),
  });
  const beside = [createHaltLifter(keeper, loop, log), createMoveFollower({ pool, topic, clusterId, loop, log })];
  return {
    ...loop,
    run: (signal) => runAll(loop, beside, signal),
    ready: () => {
      const waiting = waits.ready();
      return waiting === true ? loop.ready() : waiting;
    },
  };
}

/** The partition loop, and beside it, for as long as it runs, those that tell it what people decided. */
async function runAll(loop: PartitionLoop, beside: readonly Loop[], signal: AbortSignal): Promise<void> {
  const ended = new AbortController();
  const running = AbortSignal.any([signal, ended.signal]);
  const others = Promise.all(beside.map((one) => one.run(running)));
  try {
    await loop.run(signal);
  } catch (error) {
    throw exitErrorOf(error);
  } finally {
    ended.abort();
    await others;
  }
}
