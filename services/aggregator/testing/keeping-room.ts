import type { KafkaRecord, PartitionBatch } from '@bursar/bus/partition-loop';
import type { Pool } from '@bursar/db/pool';
import type { UsageEvent } from '@bursar/events/cloudevent';
import { createLog } from '@bursar/runtime/log';
import { freshDatabase } from '../../../test/harness/database.ts';
import { testPool } from '../../../test/harness/ledger.ts';
import { recordOf } from '../../../test/harness/traffic.ts';
import { ConfigurationKeeper } from '../configuration-keeper.ts';
import { createBatchWriter } from '../create-batch-writer.ts';
import { readyPartitions } from '../dependencies.ts';
import { createMetrics } from '../metrics.ts';
import { PartitionKeeper } from '../partition-keeper.ts';
import { PostgresWaits } from '../postgres-away.ts';
import { SpeakersKeeper } from '../speakers/speakers-keeper.ts';

/** A keeper that goes in circles is given up after this. */
const LONGEST_WORK_MS = 3_000;

/** What Kafka says of partition 0; a test changes it. */
export type Marks = { low: bigint; high: bigint };

/** A ledger without a policy, and keepers of partition 0 that read from no Kafka but from what the test gives them. */
export async function keepingRoom(name: string) {
  const onExit = new AsyncDisposableStack();
  const database = onExit.use(await freshDatabase(name));
  const db = onExit.use(testPool(database.url));
  await readyPartitions(db);
  const marks: Marks = { low: 0n, high: 100n };
  return { db, marks, keeper: () => keeperOn(db, marks), [Symbol.asyncDispose]: () => onExit.disposeAsync() };
}

async function keeperOn(pool: Pool, marks: Marks): Promise<PartitionKeeper> {
  const log = createLog({ service: 'test', level: 'silent' });
  const metrics = createMetrics();
  const configuration = new ConfigurationKeeper(pool, log, metrics);
  await configuration.keep();
  const speakers = new SpeakersKeeper({ pool, folder: undefined, configuration, metrics });
  const ledger = { pool, topic: 'bursar.usage.v1', clusterId: 'c', owner: 'test', configuration, log };
  return new PartitionKeeper({
    ...ledger,
    writer: createBatchWriter({ ...ledger, lanes: 2, speakers, metrics, onNewKey: () => {} }),
    waits: new PostgresWaits(),
    watermarks: async () => [{ partition: 0, ...marks }],
  });
}

/** These events at these offsets, as Kafka hands them out. */
export function batchAt(entries: Readonly<Record<number, UsageEvent>>, reading = 1): PartitionBatch {
  const records = Object.entries(entries).map(([offset, event]) => kafkaRecord(event, BigInt(offset)));
  return {
    ...{ partition: 0, records: records as [KafkaRecord], highWatermark: 100n, reading, lapse: 0 },
    ...{ signal: AbortSignal.timeout(LONGEST_WORK_MS), heartbeat: async () => {} },
  };
}

function kafkaRecord(event: UsageEvent, offset: bigint): KafkaRecord {
  const { value, headers } = recordOf(event);
  return { offset, key: Buffer.from(event.data.key.sha256), value: Buffer.from(value), headers };
}
