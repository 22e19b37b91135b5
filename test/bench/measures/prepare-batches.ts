import { openOffset } from '@bursar/db/ledger/claim-offset';
import type { LedgerBatch } from '@bursar/db/ledger/write-batch';
import type { Pool } from '@bursar/db/pool';
import { encodeEvent } from '@bursar/events/cloudevent';
import { anthropicPrices } from '@bursar/pricing/anthropic-prices';
import { indexPriceBook } from '@bursar/pricing/price-index';
import { believableSeqs } from '../../../services/aggregator/believable-seq.ts';
import type { InUse } from '../../../services/aggregator/configuration-keeper.ts';
import type { LedgerNames } from '../../../services/aggregator/ledger-names.ts';
import { eventRow, priceRecords } from '../../../services/aggregator/price-records.ts';
import { readRecords } from '../../../services/aggregator/read-records.ts';
import { sumRecords } from '../../../services/aggregator/sum-records.ts';
import type { Oracle } from '../../harness/traffic.ts';
import { type BenchKey, benchEmitter, fullEvent, skewed } from '../traffic/full-event.ts';
import { addToOracle } from '../traffic/oracle.ts';

/** The time that adding up took inside the transactions. */
export type SumClock = { ms: number };

export type Workbench = {
  pool: Pool;
  names: LedgerNames;
  inUse: InUse;
  keys: readonly BenchKey[];
  oracle: Oracle;
  sumClock: SumClock;
};

const TOPIC = 'bench';
const prices = indexPriceBook(anthropicPrices);

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
    prepared.push(await prepare(bench, { ...at, expectedOffset: nextOffset }, records));
    nextOffset += BigInt(size);
  }
  return prepared;
}

type Position = { topic: string; partition: number; clusterId: string; owner: string; expectedOffset: bigint };

async function prepare(
  { pool, names, inUse, sumClock }: Workbench,
  at: Position,
  records: Parameters<typeof readRecords>[0],
): Promise<LedgerBatch> {
  const { partition, topic, expectedOffset } = at;
  const readings = readRecords(records, { topic, partition, nowMs: Date.now() });
  const { refs } = await names.keyRefs(readings.usage);
  const keys = { keyRefOf: (sha256: string) => refs.get(sha256)!, workspaceOf: inUse.workspaceOf };
  const priced = priceRecords(readings.usage, prices, keys);
  const mostSeqOf = await believableSeqs(pool, readings);
  const dimensionIds = await names.dimensionIds(priced.map(({ dimension }) => dimension));
  const counted = priced.map((record, index) => ({
    ...record,
    dimensionId: dimensionIds[index]!,
    countedBy: inUse.counting.countedBy(record.dimension),
  }));
  return {
    claim: { ...at, nextOffset: expectedOffset + BigInt(records.length), epoch: inUse.epoch },
    policyVersionId: inUse.policyVersionId,
    events: counted.map((record) => eventRow(record, record.dimensionId, partition)),
    rowForm: 'copy',
    quarantined: readings.quarantined,
    sum(isFresh, isNewlyQuarantined) {
      const startedAtMs = performance.now();
      const sums = sumRecords(counted, readings, partition, { isFresh, isNewlyQuarantined, mostSeqOf });
      sumClock.ms += performance.now() - startedAtMs;
      return sums;
    },
  };
}
