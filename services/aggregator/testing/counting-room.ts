import type { KafkaRecord } from '@bursar/bus/partition-loop';
import { submitPolicy } from '@bursar/db/configuration/submit-policy';
import { openOffset } from '@bursar/db/ledger/claim-offset';
import type { Pool } from '@bursar/db/pool';
import type { UsageEvent } from '@bursar/events/cloudevent';
import { uuidV7 } from '@bursar/events/uuid-v7';
import { policyToJson } from '@bursar/policy/policy-json';
import { formatProblems, readPolicy } from '@bursar/policy/read-policy';
import { createLog } from '@bursar/runtime/log';
import { freshDatabase } from '../../../test/harness/database.ts';
import { testPool } from '../../../test/harness/ledger.ts';
import { recordOf, type TrafficKey, usageEvent } from '../../../test/harness/traffic.ts';
import type { BatchWriter } from '../batch-writer.ts';
import { ConfigurationKeeper } from '../configuration-keeper.ts';
import { createBatchWriter } from '../create-batch-writer.ts';
import { readyPartitions } from '../dependencies.ts';
import { createMetrics } from '../metrics.ts';
import { SpeakersKeeper } from '../speakers/speakers-keeper.ts';

const TOPIC = 'bursar.usage.v1';

/** A ledger with the aggregator's own writer on partition 0, without Kafka. */
export async function countingRoom(name: string, policy: string) {
  const onExit = new AsyncDisposableStack();
  const database = onExit.use(await freshDatabase(name));
  const db = onExit.use(testPool(database.url));
  await readyPartitions(db);
  await submit(db, policy);
  const writer = await writerOn(db);
  let next = 0n;
  return {
    db,
    /** One batch; returns nothing, the ledger tells. */
    async write(events: readonly UsageEvent[]): Promise<void> {
      const records = events.map((event, index) => kafkaRecord(event, next + BigInt(index)));
      const written = await writer.write(0, next, records);
      if (written.state === 'lost') throw new Error('somebody else wrote on the partition of this test');
      next += BigInt(records.length);
    },
    [Symbol.asyncDispose]: () => onExit.disposeAsync(),
  };
}

/** The writer's configuration keeper puts it in force. */
async function submit(db: Pool, source: string): Promise<void> {
  const reading = readPolicy(source, 'test.yaml');
  if (!reading.ok) throw new Error(formatProblems(reading.problems, 'test.yaml'));
  const { policy, contentHash } = reading;
  await submitPolicy(db, { contentHash, source, policyJson: policyToJson(policy), reason: 'test' });
}

async function writerOn(pool: Pool): Promise<BatchWriter> {
  const log = createLog({ service: 'test', level: 'error' });
  const metrics = createMetrics();
  await new ConfigurationKeeper(pool, log, metrics).keep();
  // As if the policy had been in force for long: windows that have ended were counted from their beginning.
  await pool.query(`update measure set counted_from = '2020-01-01Z'`);
  const configuration = new ConfigurationKeeper(pool, log, metrics);
  await configuration.keep();
  await openOffset(pool, { topic: TOPIC, partition: 0, clusterId: 'c', owner: 'test', lowWatermark: 0n });
  const speakers = new SpeakersKeeper({ pool, folder: undefined, configuration, metrics });
  const ledger = { pool, topic: TOPIC, clusterId: 'c', owner: 'test', configuration };
  return createBatchWriter({ ...ledger, lanes: 2, speakers, metrics, log, onNewKey: () => {} });
}

/** An event whose request ended, and whose id was made, at that instant. */
export function eventAt(key: TrafficKey, atMs: number): UsageEvent {
  return { ...usageEvent(key, {}, atMs), id: uuidV7(atMs) };
}

function kafkaRecord(event: UsageEvent, offset: bigint): KafkaRecord {
  const { value, headers } = recordOf(event);
  return { offset, key: Buffer.from(event.data.key.sha256), value: Buffer.from(value), headers };
}
