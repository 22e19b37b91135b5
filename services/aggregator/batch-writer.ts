import type { KafkaRecord } from '@bursar/bus/partition-loop';
import type { Finding } from '@bursar/db/inbox/finding';
import { claimName } from '@bursar/db/ledger/identities';
import type { LedgerBatch, Written } from '@bursar/db/ledger/write-batch';
import { writeOnDemand } from '@bursar/db/ledger/write-on-demand';
import { writeTogether } from '@bursar/db/ledger/write-together';
import type { Pool } from '@bursar/db/pool';
import { isConnectionLost } from '@bursar/db/transaction';
import { believableSeqs, type MostSeqOf, unbelievable, withBelievableSeq } from './believable-seq.ts';
import { closedBefore } from './closed-days.ts';
import type { ConfigurationKeeper, InUse } from './configuration-keeper.ts';
import { GroupCommit } from './group-commit.ts';
import type { LedgerNames } from './ledger-names.ts';
import type { AggregatorMetrics } from './metrics.ts';
import { eventRow, priceRecords } from './price-records.ts';
import type { PrincipalBound } from './principal-bound.ts';
import { type Readings, readRecords } from './read-records.ts';
import { recordDigest } from './record-digest.ts';
import type { RemarkBook } from './remark-book.ts';
import { remarksOn } from './remarks.ts';
import { Room } from './room.ts';
import type { SpeakersKeeper } from './speakers/speakers-keeper.ts';
import { type CountedRecord, sumRecords } from './sum-records.ts';

/** After a duplicate more are likely, and each would cost a rollback. */
const BATCHES_BY_INSERT = 100;
/** Of one transaction. */
export const MOST_EVENTS = 5_000;

type Counted = { inUse: InUse; records: CountedRecord[]; findings: readonly Finding[] };

export type WriterOptions = {
  pool: Pool;
  topic: string;
  clusterId: string;
  /** Who holds a partition, for people who look at kafka_offset. */
  owner: string;
  /** Transactions under way at the same time. */
  lanes: number;
  configuration: ConfigurationKeeper;
  names: LedgerNames;
  principals: PrincipalBound;
  speakers: SpeakersKeeper;
  remarks: RemarkBook;
  metrics: AggregatorMetrics;
  /** A key was met for the first time: the inventory may know it. */
  onNewKey(): void;
};

export type Prepared = {
  batch: LedgerBatch;
  readings: Readings;
  /** What is wrong with records that count, once they do. */
  findings(): Finding[];
  nowMs: number;
};

/** Turns the records of one partition into one transaction: read → price → sum → write. */
export class BatchWriter {
  readonly #options: WriterOptions;
  readonly #insertsLeft = new Map<number, number>();
  readonly #room: Room;
  readonly #commits: GroupCommit;

  constructor(options: WriterOptions) {
    this.#options = options;
    const { pool, lanes } = options;
    this.#room = new Room(lanes * MOST_EVENTS);
    this.#commits = new GroupCommit({
      ...{ atATime: lanes, mostEvents: MOST_EVENTS, worthAnother: 1, isAway: isConnectionLost },
      alone: (batch) => writeOnDemand(pool, batch),
      together: (batches) => writeTogether(pool, batches),
    });
  }

  /** Writes records that begin at `expectedOffset` and have no hole. Connection errors go to the caller: nothing was half written. */
  async write(partition: number, expectedOffset: bigint, records: readonly KafkaRecord[]): Promise<Written> {
    const { metrics, remarks } = this.#options;
    using _ = await this.#room.take(records.length);
    const { batch, readings, findings, nowMs } = await this.prepare(partition, expectedOffset, records);
    const stopTimer = metrics.batchSeconds.startTimer();
    const written = await this.#commits.write(batch);
    stopTimer();
    this.#noteDuplicates(partition, written);
    if (written.state === 'written') await remarks.record(findings(), nowMs);
    this.#measure(written, readings);
    return written;
  }

  /** Reads, judges and prices records under the configuration in use: the batch as it would be written. */
  async prepare(partition: number, expectedOffset: bigint, records: readonly KafkaRecord[]): Promise<Prepared> {
    const { topic, pool, configuration, speakers } = this.#options;
    const nowMs = Date.now();
    const { inUse } = configuration;
    const readings = readRecords(records, { topic, partition, nowMs }, speakers.judgeUnder(inUse));
    const counted = await this.#count(readings, inUse);
    const mostSeqOf = await believableSeqs(pool, readings);
    const next = { offset: expectedOffset + BigInt(records.length), lastSha256: recordDigest(records.at(-1)!) };
    const batch = this.#batch(partition, expectedOffset, readings, { ...counted, mostSeqOf }, { ...next, nowMs });
    const findings = () => [
      ...counted.findings,
      ...remarksOn(counted.records, inUse.policy),
      ...unbelievable(counted.records, mostSeqOf),
    ];
    return { batch, readings, findings, nowMs };
  }

  /** Prices the events and finds where they count, under one configuration. */
  async #count(readings: Readings, inUse: InUse): Promise<Counted> {
    const { names, principals, metrics } = this.#options;
    const { voucherOf } = inUse.signing;
    const { refs, metNew } = await names.keyRefs(readings.usage, {
      policyVersionId: inUse.policyVersionId,
      voucherOf,
    });
    if (metNew) this.#options.onNewKey();
    const withPrices = priceRecords(readings.usage, inUse.prices, {
      keyRefOf: ({ key, service }) => refs.get(claimName({ sha256: key.sha256, vouchedBy: voucherOf(service) }))!,
      workspaceOf: inUse.workspaceOf,
    });
    const { records: priced, findings, count } = await principals.fold(withPrices);
    metrics.principalsFolded.inc(count);
    const dimensionIds = await names.dimensionIds(priced.map((record) => record.dimension));
    const bootIds = await names.bootIds(priced);
    // Many records share a dimension; which measures it counts into is asked once.
    const countedBy = new Map<number, Counted['records'][number]['countedBy']>();
    const records = priced.map((record, index) => {
      const dimensionId = dimensionIds[index]!;
      const counted = countedBy.get(dimensionId) ?? inUse.counting.countedBy(record.dimension);
      countedBy.set(dimensionId, counted);
      return { ...record, dimensionId, emitterBootId: bootIds[index]!, countedBy: counted };
    });
    return { inUse, records, findings };
  }

  #batch(
    partition: number,
    expectedOffset: bigint,
    readings: Readings,
    { inUse, records, mostSeqOf }: Counted & { mostSeqOf: MostSeqOf },
    { offset: nextOffset, lastSha256, nowMs }: { offset: bigint; lastSha256: Buffer; nowMs: number },
  ): LedgerBatch {
    const { topic, clusterId, owner } = this.#options;
    return {
      claim: { topic, partition, clusterId, expectedOffset, nextOffset, lastSha256, owner, epoch: inUse.epoch },
      policyVersionId: inUse.policyVersionId,
      closedBefore: closedBefore(inUse.policy?.organization.timezone, nowMs),
      events: records.map((record) => eventRow(record, record, partition)),
      rowForm: this.#insertsLeft.has(partition) ? 'insert' : 'fitting',
      quarantined: readings.quarantined.map((row) => withBelievableSeq(row, mostSeqOf)),
      sum: (isFresh, isNewlyQuarantined) =>
        sumRecords(records, readings, partition, { isFresh, isNewlyQuarantined, mostSeqOf }),
    };
  }

  #noteDuplicates(partition: number, written: Written): void {
    if (written.state === 'lost') return;
    const left = written.duplicates > 0 ? BATCHES_BY_INSERT : (this.#insertsLeft.get(partition) ?? 0) - 1;
    if (left > 0) this.#insertsLeft.set(partition, left);
    else this.#insertsLeft.delete(partition);
  }

  #measure(written: Written, readings: Readings): void {
    const { metrics } = this.#options;
    if (written.state === 'lost') {
      metrics.lostClaims.inc();
      return;
    }
    metrics.events.inc({ result: 'stored' }, written.fresh);
    metrics.events.inc({ result: 'duplicate' }, written.duplicates + readings.repeats.length);
    metrics.events.inc({ result: 'quarantined' }, readings.quarantined.length);
    for (const { reason } of readings.quarantined) metrics.quarantined.inc({ reason });
    metrics.breaches.inc(written.breaches);
    metrics.lateCrossings.inc(written.lateCrossings);
  }
}
