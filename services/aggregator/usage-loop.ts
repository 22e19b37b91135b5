import { hostname } from 'node:os';
import { watermarks } from '@bursar/bus/admin';
import type { KafkaSettings } from '@bursar/bus/kafka-settings';
import { createPartitionLoop, type PartitionLoop } from '@bursar/bus/partition-loop';
import { principalsOf } from '@bursar/db/ledger/principals';
import type { Pool } from '@bursar/db/pool';
import { anthropicPrices } from '@bursar/pricing/anthropic-prices';
import { indexPriceBook } from '@bursar/pricing/price-index';
import type { Log } from '@bursar/runtime/log';
import type { Loop } from '@bursar/runtime/loop';
import { BatchWriter } from './batch-writer.ts';
import type { ConfigurationKeeper } from './configuration-keeper.ts';
import { exitErrorOf } from './exit-code.ts';
import { LedgerNames } from './ledger-names.ts';
import { createHaltLifter } from './lift-halts.ts';
import type { AggregatorMetrics } from './metrics.ts';
import { PartitionKeeper } from './partition-keeper.ts';
import { PostgresWaits } from './postgres-away.ts';
import { PrincipalBound } from './principal-bound.ts';
import { RemarkBook } from './remark-book.ts';
import type { SpeakersKeeper } from './speakers/speakers-keeper.ts';

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
  const writer = new BatchWriter({
    pool,
    topic,
    clusterId,
    owner,
    configuration,
    prices: indexPriceBook(anthropicPrices),
    names: new LedgerNames(pool),
    principals: new PrincipalBound((keyRefs, dayMs) => principalsOf(pool, keyRefs, dayMs)),
    speakers: options.speakers,
    remarks: new RemarkBook(pool, log),
    metrics: options.metrics,
    onNewKey: options.onNewKey,
  });
  const keeper = new PartitionKeeper({
    pool,
    topic,
    clusterId,
    owner,
    configuration,
    log,
    waits,
    writer,
    watermarks: () => watermarks(kafka, topic),
  });
  const loop = createPartitionLoop({
    kafka,
    topic,
    groupId: options.groupId,
    lanes: options.lanes,
    work: (batch) => keeper.work(batch),
    onLog: ({ level, namespace, message }) => log[level]({ namespace }, message),
  });
  const halts = createHaltLifter(keeper, loop, log);
  return {
    ...loop,
    run: (signal) => runBoth(loop, halts, signal),
    ready: () => {
      const waiting = waits.ready();
      return waiting === true ? loop.ready() : waiting;
    },
  };
}

/** The partition loop, and beside it, for as long as it runs, the one that lifts halts. */
async function runBoth(loop: PartitionLoop, halts: Loop, signal: AbortSignal): Promise<void> {
  const ended = new AbortController();
  const lifting = halts.run(AbortSignal.any([signal, ended.signal]));
  try {
    await loop.run(signal);
  } catch (error) {
    throw exitErrorOf(error);
  } finally {
    ended.abort();
    await lifting;
  }
}
