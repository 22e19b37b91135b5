import type { KafkaRecord } from '@bursar/bus/partition-loop';
import { type LedgerBatch, type Written, writeBatch } from '@bursar/db/ledger/write-batch';
import type { Pool } from '@bursar/db/pool';
import type { PriceIndex } from '@bursar/pricing/price-index';
import type { ConfigurationKeeper } from './configuration-keeper.ts';
import type { LedgerNames } from './ledger-names.ts';
import type { AggregatorMetrics } from './metrics.ts';
import { eventRow, priceRecords } from './price-records.ts';
import { type Readings, readRecords } from './read-records.ts';
import { type CountedRecord, sumRecords } from './sum-records.ts';

export type WriterOptions = {
  pool: Pool;
  topic: string;
  clusterId: string;
  /** Who holds a partition, for people who look at kafka_offset. */
  owner: string;
  prices: PriceIndex;
  configuration: ConfigurationKeeper;
  names: LedgerNames;
  metrics: AggregatorMetrics;
  /** A key was met for the first time: the inventory may know it. */
  onNewKey(): void;
};

/** Turns the records of one partition into one transaction: read → price → sum → write. */
export class BatchWriter {
  readonly #options: WriterOptions;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /** Writes records that begin at `expectedOffset` and have no hole. Connection errors go to the caller: nothing was half written. */
  async write(partition: number, expectedOffset: bigint, records: readonly KafkaRecord[]): Promise<Written> {
    const { topic, pool, metrics } = this.#options;
    const readings = readRecords(records, { topic, partition, nowMs: Date.now() });
    const batch = await this.#prepare(partition, expectedOffset, readings, records);
    const stopTimer = metrics.batchSeconds.startTimer();
    const written = await writeBatch(pool, batch);
    stopTimer();
    this.#count(written, readings);
    return written;
  }

  async #prepare(
    partition: number,
    expectedOffset: bigint,
    readings: Readings,
    records: readonly KafkaRecord[],
  ): Promise<LedgerBatch> {
    const { topic, clusterId, owner, prices, configuration, names } = this.#options;
    if (await names.learnKeys(readings.usage)) this.#options.onNewKey();
    const inUse = configuration.inUse;
    const priced = priceRecords(readings.usage, prices, {
      keyRefOf: (sha256) => names.keyRefOf(sha256),
      workspaceOf: inUse.workspaceOf,
    });
    await names.learnDimensions(priced.map((record) => record.dimension));
    const counted: CountedRecord[] = priced.map((record) => ({
      ...record,
      dimensionId: names.dimensionIdOf(record.dimension),
      countedBy: inUse.counting.countedBy(record.dimension),
    }));
    const nextOffset = expectedOffset + BigInt(records.length);
    return {
      claim: { topic, partition, clusterId, expectedOffset, nextOffset, owner, epoch: inUse.epoch },
      policyVersionId: inUse.policyVersionId,
      events: counted.map((record) => eventRow(record, record.dimensionId, partition)),
      quarantined: readings.quarantined,
      sum: (isFresh) => sumRecords(counted, readings, partition, isFresh),
    };
  }

  #count(written: Written, readings: Readings): void {
    const { metrics } = this.#options;
    if (written.state === 'lost') {
      metrics.lostClaims.inc();
      return;
    }
    metrics.events.inc({ result: 'stored' }, written.fresh);
    metrics.events.inc({ result: 'duplicate' }, written.duplicates + readings.repeats.length);
    metrics.events.inc({ result: 'quarantined' }, readings.quarantined.length);
    metrics.breaches.inc(written.breaches);
    metrics.lateCrossings.inc(written.lateCrossings);
  }
}
