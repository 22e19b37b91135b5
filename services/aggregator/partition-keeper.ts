import type { Watermarks } from '@bursar/bus/admin';
import type { KafkaRecord, PartitionBatch, Verdict } from '@bursar/bus/partition-loop';
import { openIncident } from '@bursar/db/inbox/incident';
import { countKnownRecords, openOffset } from '@bursar/db/ledger/claim-offset';
import type { Pool } from '@bursar/db/pool';
import type { Log } from '@bursar/runtime/log';
import type { BatchWriter } from './batch-writer.ts';
import type { ConfigurationKeeper } from './configuration-keeper.ts';
import { type PostgresWaits, whilePostgresIsAway } from './postgres-away.ts';
import { readRecords } from './read-records.ts';

const MOST_EVENTS_PER_BATCH = 5_000;

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

type Trouble = {
  kind: 'hole' | 'log_rewritten' | 'other_cluster' | 'unreadable_batch';
  sentence: string;
  detail: Record<string, unknown>;
};

/**
 * Keeps each partition in step with Postgres, which alone knows where to continue. Kafka's own offsets are hints:
 * a batch that begins later than expected is read again from the expected offset, and when that is gone, the partition
 * halts with an incident. Records below the expected offset are looked up before they are skipped.
 */
export class PartitionKeeper {
  readonly #options: KeeperOptions;
  readonly #expected = new Map<number, bigint>();
  readonly #soughtFor = new Map<number, bigint>();

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  async work(batch: PartitionBatch): Promise<Verdict> {
    const { log, waits } = this.#options;
    return whilePostgresIsAway({ log, waits, batch }, () => this.#workOnce(batch));
  }

  async #workOnce(batch: PartitionBatch): Promise<Verdict> {
    const { partition, records } = batch;
    const expected = this.#expected.get(partition) ?? (await this.#open(partition));
    if (typeof expected !== 'bigint') return this.#halt(partition, expected);
    const first = records[0].offset;
    if (first > expected) return this.#missing(partition, expected, first);
    const known = records.filter((record) => record.offset < expected);
    if (known.length > 0) {
      const trouble = await this.#rewritten(partition, known, expected);
      if (trouble !== undefined) return this.#halt(partition, trouble);
    }
    const wanted = withoutHole(records, expected);
    const unreadable = wanted.findIndex((record) => record.unreadable?.isTooMany);
    if (unreadable === 0) return this.#halt(partition, unreadableBatch(wanted[0]!));
    const legible = unreadable === -1 ? wanted : wanted.slice(0, unreadable);
    const next = await this.#writeAll(batch, legible, expected);
    const last = records.at(-1)!.offset;
    return next === last + 1n ? { verdict: 'done', next } : { verdict: 'seek', next };
  }

  async #open(partition: number): Promise<bigint | Trouble> {
    const { pool, topic, clusterId, owner } = this.#options;
    const lowWatermark = (await this.#options.watermarks()).find((mark) => mark.partition === partition)?.low ?? 0n;
    const known = await openOffset(pool, { topic, partition, clusterId, owner, lowWatermark });
    if (known.clusterId !== clusterId) {
      return {
        kind: 'other_cluster',
        sentence: `The ledger has read this partition from Kafka cluster ${known.clusterId}; this one is ${clusterId}, where its offsets mean nothing.`,
        detail: { ledgerClusterId: known.clusterId, clusterId, nextOffset: String(known.nextOffset) },
      };
    }
    this.#expected.set(partition, known.nextOffset);
    return known.nextOffset;
  }

  /**
   * What is remembered may be old: other members read on while the partition was theirs. Where Postgres expects the same,
   * Kafka is asked once more for that offset; when it then still begins later, records are gone.
   */
  async #missing(partition: number, expected: bigint, first: bigint): Promise<Verdict> {
    const known = await this.#open(partition);
    if (typeof known !== 'bigint') return this.#halt(partition, known);
    if (known !== expected) return { verdict: 'seek', next: known };
    if (this.#soughtFor.get(partition) !== expected) {
      this.#soughtFor.set(partition, expected);
      return { verdict: 'seek', next: expected };
    }
    return this.#halt(partition, {
      kind: 'hole',
      sentence: `Kafka no longer has offsets ${expected} to ${first - 1n} (${first - expected} records that were never counted).`,
      detail: { from: String(expected), to: String(first - 1n) },
    });
  }

  async #rewritten(partition: number, records: readonly KafkaRecord[], expected: bigint): Promise<Trouble | undefined> {
    const { pool, topic } = this.#options;
    const { usage, quarantined } = readRecords(records, { topic, partition, nowMs: Date.now() });
    const eventIds = usage.map((record) => record.event.id);
    const unreadableOffsets = quarantined.map((row) => BigInt(row.kafka_offset));
    const known = await countKnownRecords(pool, { topic, partition, eventIds, unreadableOffsets });
    const told = eventIds.length + unreadableOffsets.length;
    if (known >= told) return undefined;
    return {
      kind: 'log_rewritten',
      sentence: `${told - known} records below offset ${expected}, which the ledger has read up to, are unknown to it: the topic was recreated or the log rewritten.`,
      detail: { expected: String(expected), from: String(records[0]?.offset), unknown: told - known },
    };
  }

  async #writeAll(batch: PartitionBatch, records: readonly KafkaRecord[], expected: bigint): Promise<bigint> {
    const { writer, configuration } = this.#options;
    let next = expected;
    for (let done = 0; done < records.length && !batch.signal.aborted; ) {
      const chunk = records.slice(done, done + MOST_EVENTS_PER_BATCH);
      const written = await writer.write(batch.partition, next, chunk);
      if (written.state === 'written') {
        done += chunk.length;
        next += BigInt(chunk.length);
        this.#expected.set(batch.partition, next);
        await batch.heartbeat();
      } else if (written.nextOffset === next) {
        await configuration.reload();
      } else {
        // Another process reads this partition now, or this one did before it lost its answer: go on from there.
        this.#expected.set(batch.partition, written.nextOffset);
        return written.nextOffset;
      }
    }
    return next;
  }

  async #halt(partition: number, trouble: Trouble): Promise<Verdict> {
    const { pool, topic, log } = this.#options;
    await openIncident(pool, { ...trouble, subject: `${topic}/${partition}` });
    log.error({ partition, ...trouble.detail }, `partition ${partition} halted: ${trouble.sentence}`);
    return { verdict: 'halt', because: trouble.sentence };
  }
}

/** More records than quarantine should hold, of which nothing is known but how many there are. */
function unreadableBatch({ offset, unreadable }: KafkaRecord): Trouble {
  const { because = '', records = 0 } = unreadable ?? {};
  return {
    kind: 'unreadable_batch',
    sentence: `${records} records from offset ${offset} on can't be counted: ${because}.`,
    detail: { from: String(offset), to: String(offset + BigInt(records) - 1n) },
  };
}

/** The records from the expected offset on, up to the first hole. */
function withoutHole(records: readonly KafkaRecord[], expected: bigint): KafkaRecord[] {
  const wanted = records.filter((record) => record.offset >= expected);
  const hole = wanted.findIndex((record, index) => record.offset !== expected + BigInt(index));
  return hole === -1 ? wanted : wanted.slice(0, hole);
}
