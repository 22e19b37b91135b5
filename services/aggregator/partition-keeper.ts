import type { Watermarks } from '@bursar/bus/admin';
import type { KafkaRecord, PartitionBatch, Verdict } from '@bursar/bus/partition-loop';
import { openIncident, openIncidentSubjects } from '@bursar/db/inbox/incident';
import { countKnownRecords, openOffset } from '@bursar/db/ledger/claim-offset';
import type { Pool } from '@bursar/db/pool';
import type { Log } from '@bursar/runtime/log';
import { type BatchWriter, MOST_EVENTS } from './batch-writer.ts';
import type { ConfigurationKeeper } from './configuration-keeper.ts';
import {
  hole,
  LOG_TROUBLES,
  type LogTrouble,
  logEndsBefore,
  otherCluster,
  otherRecordAt,
  partitionName,
  unknownRecords,
  unreadableBatch,
} from './log-trouble.ts';
import { type PostgresWaits, whilePostgresIsAway } from './postgres-away.ts';
import { readRecords } from './read-records.ts';
import { recordDigest } from './record-digest.ts';
import { retellHoles } from './retell-holes.ts';

export type KeeperOptions = {
  pool: Pool;
  topic: string;
  clusterId: string;
  owner: string;
  log: Log;
  writer: BatchWriter;
  configuration: ConfigurationKeeper;
  waits: PostgresWaits;
  watermarks(): Promise<readonly Watermarks[]>;
};

/** Where a partition is read on, as far as this process knows. */
type Place = {
  expected: bigint;
  /** As in kafka_offset. */
  log: number;
  /** The first offset that Kafka still had when this place was looked up. */
  low: bigint;
  /** As in PartitionBatch: what is remembered holds for one reading. */
  reading: number;
  /** As in PartitionBatch. */
  lapse: number;
  /** Of the record before `expected`, where it is known. */
  last: Buffer | undefined;
  /** The same, until it was met in the log and found to be the same. */
  unverified: Buffer | undefined;
  /** The offset that Kafka was asked for because it was missing. */
  soughtFor: bigint | undefined;
};

/**
 * Keeps each partition in step with Postgres, which alone knows where to continue. Kafka's own offsets are hints:
 * a batch that begins later than expected is read again from the expected offset, and when that is gone, the partition
 * halts with an incident. Records below the expected offset are looked up before they are skipped. Whenever reading may
 * have begun anew, or Kafka was not asked for a moment, the last record that was counted must be where it was: a topic that was
 * deleted and made again has other records there.
 */
export class PartitionKeeper {
  readonly #options: KeeperOptions;
  readonly #places = new Map<number, Place>();
  readonly #halted = new Set<number>();

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  async work(batch: PartitionBatch): Promise<Verdict> {
    const { log, waits } = this.#options;
    return whilePostgresIsAway({ log, waits, batch }, () => this.#workOnce(batch));
  }

  /** Halted partitions whose incident was resolved since: they can be read again. */
  async resolved(): Promise<number[]> {
    const { pool, topic } = this.#options;
    await retellHoles(pool);
    if (this.#halted.size === 0) return [];
    const open = new Set(await openIncidentSubjects(pool, LOG_TROUBLES));
    const resolved = [...this.#halted].filter((partition) => !open.has(partitionName(topic, partition)));
    for (const partition of resolved) this.#halted.delete(partition);
    return resolved;
  }

  async #workOnce(batch: PartitionBatch): Promise<Verdict> {
    const { partition, records } = batch;
    const place = await this.#place(batch);
    if ('kind' in place) return this.#halt(partition, place);
    const { expected } = place;
    const verdict = this.#verify(batch, place);
    if (verdict !== undefined) return 'kind' in verdict ? this.#halt(partition, verdict) : verdict;
    const first = records[0].offset;
    if (first > expected) return this.#missing(batch, place, first);
    // Of a batch that was too much for quarantine nothing is known; below the expected offset a person has skipped it.
    const known = records.filter(({ offset, unreadable }) => offset < expected && !unreadable?.isTooMany);
    // After a gap each batch begins with the record that was just compared: nothing to ask Postgres about.
    if (known.length > 1 || (known[0] && !isLastOf(place, known[0]))) {
      const trouble = await this.#rewritten(partition, known, expected);
      if (trouble !== undefined) return this.#halt(partition, trouble);
    }
    const wanted = withoutHole(records, expected);
    const unreadable = wanted.findIndex((record) => record.unreadable?.isTooMany);
    if (unreadable === 0) return this.#halt(partition, unreadableBatch(wanted[0]!));
    const legible = unreadable === -1 ? wanted : wanted.slice(0, unreadable);
    const next = await this.#writeAll(batch, legible, place);
    const last = records.at(-1)!.offset;
    return next === last + 1n ? { verdict: 'done', next } : { verdict: 'seek', next };
  }

  async #place(batch: PartitionBatch): Promise<Place | LogTrouble> {
    const remembered = this.#places.get(batch.partition);
    if (remembered?.reading !== batch.reading) return this.#open(batch);
    if (remembered.lapse !== batch.lapse) {
      remembered.lapse = batch.lapse;
      remembered.unverified = remembered.last;
      remembered.soughtFor = undefined;
    }
    return remembered;
  }

  async #open({ partition, reading, lapse }: PartitionBatch): Promise<Place | LogTrouble> {
    const { pool, topic, clusterId, owner } = this.#options;
    const mark = await this.#mark(partition);
    const lowWatermark = mark?.low ?? 0n;
    const known = await openOffset(pool, { topic, partition, clusterId, owner, lowWatermark });
    if (known.clusterId !== clusterId) return otherCluster(known, clusterId);
    const expected = known.nextOffset;
    if (mark !== undefined && mark.high < expected) {
      // Since the end was looked up, the log may have grown and another member may have read on: only an end from now tells.
      const now = await this.#mark(partition);
      if (now !== undefined && now.high < expected) return logEndsBefore(expected, now.high);
    }
    // What Kafka's retention took can't be compared any more; what it took too early is met as a hole.
    const last = lowWatermark < expected ? known.lastSha256 : undefined;
    const seen = { reading, lapse, last, unverified: last, soughtFor: undefined };
    const place: Place = { expected, log: known.log, low: lowWatermark, ...seen };
    this.#places.set(partition, place);
    return place;
  }

  async #mark(partition: number): Promise<Watermarks | undefined> {
    return (await this.#options.watermarks()).find((one) => one.partition === partition);
  }

  /** The record before the expected one must be the one that was counted; it is asked for when the batch does not hold it. */
  #verify({ records }: PartitionBatch, place: Place): Verdict | LogTrouble | undefined {
    if (place.unverified === undefined) return undefined;
    const lastOffset = place.expected - 1n;
    const last = records.find(({ offset }) => offset === lastOffset);
    if (last === undefined && place.soughtFor !== lastOffset) {
      place.soughtFor = lastOffset;
      return { verdict: 'seek', next: lastOffset };
    }
    if (last !== undefined && !recordDigest(last).equals(place.unverified)) return otherRecordAt(lastOffset);
    place.unverified = undefined;
    return undefined;
  }

  /**
   * What is remembered may be old: other members read on while the partition was theirs. Where Postgres expects the same
   * and Kafka does not say that it is gone, Kafka is asked once more for it; when it then still begins later, it is.
   */
  async #missing(batch: PartitionBatch, { expected, soughtFor }: Place, first: bigint): Promise<Verdict> {
    const place = await this.#open(batch);
    const { partition } = batch;
    if ('kind' in place) return this.#halt(partition, place);
    const isGone = place.low > expected || soughtFor === expected;
    if (place.expected === expected && isGone) return this.#halt(partition, hole(expected, first, place.log));
    place.soughtFor = place.expected;
    return { verdict: 'seek', next: place.expected };
  }

  async #rewritten(
    partition: number,
    records: readonly KafkaRecord[],
    expected: bigint,
  ): Promise<LogTrouble | undefined> {
    const { pool, topic } = this.#options;
    const { usage, quarantined } = readRecords(records, { topic, partition, nowMs: Date.now() });
    const eventIds = usage.map((record) => record.event.id);
    const unreadableOffsets = quarantined.map((row) => BigInt(row.kafka_offset));
    const known = await countKnownRecords(pool, { topic, partition, eventIds, unreadableOffsets });
    const told = eventIds.length + unreadableOffsets.length;
    return known >= told ? undefined : unknownRecords(told - known, expected, records[0]!.offset);
  }

  async #writeAll(batch: PartitionBatch, records: readonly KafkaRecord[], place: Place): Promise<bigint> {
    const { writer, configuration } = this.#options;
    for (let done = 0; done < records.length && !batch.signal.aborted; ) {
      const chunk = records.slice(done, done + MOST_EVENTS);
      const written = await writer.write(batch.partition, place.expected, chunk);
      if (written.state === 'written') {
        done += chunk.length;
        place.expected += BigInt(chunk.length);
        place.last = recordDigest(chunk.at(-1)!);
        await batch.heartbeat();
      } else if (written.nextOffset === place.expected) {
        await configuration.reload();
      } else {
        // Another process reads this partition now, a person moved it, or this process lost its answer: begin again from there.
        this.#places.delete(batch.partition);
        return written.nextOffset;
      }
    }
    return place.expected;
  }

  async #halt(partition: number, trouble: LogTrouble): Promise<Verdict> {
    const { pool, topic, log } = this.#options;
    await openIncident(pool, { ...trouble, subject: partitionName(topic, partition) });
    this.#places.delete(partition);
    this.#halted.add(partition);
    log.error({ partition, ...trouble.detail }, `partition ${partition} halted: ${trouble.sentence}`);
    return { verdict: 'halt', because: trouble.sentence };
  }
}

function isLastOf({ expected, last }: Place, record: KafkaRecord): boolean {
  return last !== undefined && record.offset === expected - 1n && recordDigest(record).equals(last);
}

/** The records from the expected offset on, up to the first hole. */
function withoutHole(records: readonly KafkaRecord[], expected: bigint): KafkaRecord[] {
  const wanted = records.filter((record) => record.offset >= expected);
  const hole = wanted.findIndex((record, index) => record.offset !== expected + BigInt(index));
  return hole === -1 ? wanted : wanted.slice(0, hole);
}
