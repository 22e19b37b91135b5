import type { KafkaRecord } from '@bursar/bus/partition-loop';
import { openOffset } from '@bursar/db/ledger/claim-offset';
import type { LedgerBatch } from '@bursar/db/ledger/write-batch';
import type { Pool } from '@bursar/db/pool';
import { encodeEvent } from '@bursar/events/cloudevent';
import type { BatchWriter } from '../../../services/aggregator/batch-writer.ts';
import type { Oracle } from '../../harness/traffic.ts';
import { type BenchKey, benchEmitter, fullEvent, skewed } from '../traffic/full-event.ts';
import { addToOracle } from '../traffic/oracle.ts';

/** The time that adding up took inside the transactions. */
export type SumClock = { ms: number };

export type Workbench = {
  pool: Pool;
  writer: BatchWriter;
  keys: readonly BenchKey[];
  oracle: Oracle;
  sumClock: SumClock;
};

export const TOPIC = 'bench';

/** Batches of one partition, read and priced as the aggregator does it, ready to be written one after the other. */
export async function prepareBatches(
  bench: Workbench,
  { partition, batches, size }: { partition: number; batches: number; size: number },
): Promise<LedgerBatch[]> {
  const at = { topic: TOPIC, partition, clusterId: TOPIC, owner: TOPIC };
  let { nextOffset } = await openOffset(bench.pool, { ...at, lowWatermark: 0n });
  const emitters = Array.from({ length: 4 }, (_, index) => benchEmitter(`bench-${index}`));
  const prepared: LedgerBatch[] = [];
  for (let made = 0; made < batches; made++) {
    const records = Array.from({ length: size }, (_, index) => {
      const event = fullEvent(skewed(bench.keys), skewed(emitters), Date.now());
      addToOracle(bench.oracle, event);
      const { value, headers } = encodeEvent(event);
      return { offset: nextOffset + BigInt(index), key: null, value: Buffer.from(value), headers };
    });
    prepared.push(await prepare(bench, partition, nextOffset, records));
    nextOffset += BigInt(size);
  }
  return prepared;
}

/** The batch as the aggregator would write it; how long it takes to add up is noted. */
async function prepare(
  { writer, sumClock }: Workbench,
  partition: number,
  expectedOffset: bigint,
  records: readonly KafkaRecord[],
): Promise<LedgerBatch> {
  const { batch } = await writer.prepare(partition, expectedOffset, records);
  return {
    ...batch,
    sum(isFresh, isNewlyQuarantined) {
      const startedAtMs = performance.now();
      const sums = batch.sum(isFresh, isNewlyQuarantined);
      sumClock.ms += performance.now() - startedAtMs;
      return sums;
    },
  };
}
