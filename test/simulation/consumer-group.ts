import type { PartitionLoopOptions } from '@bursar/bus/partition-loop';
import type { LogRecord, TopicLog } from './log.ts';
import type { Random } from './random.ts';
import type { Process, Scheduler } from './scheduler.ts';

type Consumer = ReturnType<NonNullable<PartitionLoopOptions['consumer']>>;
type EachBatch = (payload: never) => Promise<void>;

/** What a process was given to read, by partition and offset: what it may have counted. */
export type Delivered = Map<number, Map<bigint, LogRecord>>;

/** A member of the group, with kafkajs' behaviour towards the real partition loop. */
export class Member {
  readonly process: Process;
  readonly delivered: Delivered = new Map();
  readonly #topic: TopicLog;
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #generations = new Map<number, number>();
  readonly #reading = new Map<number, Promise<void>>();
  readonly #sought = new Map<number, bigint>();
  readonly #paused = new Set<number>();
  #eachBatch: EachBatch | undefined;

  constructor(process: Process, topic: TopicLog, scheduler: Scheduler, random: Random) {
    this.process = process;
    this.#topic = topic;
    this.#scheduler = scheduler;
    this.#random = random;
  }

  /** What the partition loop sees of kafkajs. */
  consumer(): Consumer {
    const nothing = async () => {};
    return {
      events: { GROUP_JOIN: 'join', FETCH: 'fetch', CRASH: 'crash' },
      on: () => () => {},
      ...{ connect: nothing, subscribe: nothing, disconnect: nothing },
      run: async ({ eachBatch }: { eachBatch: EachBatch }) => {
        this.#eachBatch = eachBatch;
        for (const partition of this.#generations.keys()) this.#read(partition);
      },
      seek: ({ partition, offset }: { partition: number; offset: string }) => {
        this.#sought.set(partition, BigInt(offset));
      },
      pause: ([{ partitions }]: [{ partitions: number[] }]) => {
        for (const index of partitions) this.#paused.add(index);
      },
      commitOffsets: async ([{ partition, offset }]: [{ partition: number; offset: string }]) => {
        await this.#scheduler.at({
          process: this.process,
          label: `commit hint ${partition}`,
          run: async () => {
            this.#topic.hints.set(partition, BigInt(offset));
          },
        });
      },
    } as unknown as Consumer;
  }

  assign(partition: number): void {
    this.#generations.set(partition, (this.#generations.get(partition) ?? 0) + 1);
    if (this.#eachBatch) this.#read(partition);
  }

  /** A batch under way goes on: from now on this member is a zombie there. */
  revoke(partition: number): void {
    this.#generations.set(partition, (this.#generations.get(partition) ?? 0) + 1);
  }

  isPaused(partition: number): boolean {
    return this.#paused.has(partition);
  }

  #read(partition: number): void {
    const generation = this.#generations.get(partition)!;
    const before = this.#reading.get(partition) ?? Promise.resolve();
    const reading = before.then(() => this.#readOn(partition, () => this.#generations.get(partition) === generation));
    this.#reading.set(partition, reading);
  }

  async #readOn(partition: number, isOurs: () => boolean): Promise<void> {
    const log = this.#topic.partitions[partition]!;
    let position = this.#topic.hints.get(partition) ?? log.low;
    this.#sought.delete(partition);
    while (isOurs() && !this.#paused.has(partition)) {
      await this.#scheduler.sleep(this.process, this.#random.int(0, 60), `fetch ${partition}`);
      if (!isOurs()) return;
      position = this.#sought.get(partition) ?? position;
      this.#sought.delete(partition);
      // Out of range: the group reads from the beginning.
      if (position < log.low || position > log.high) position = log.low;
      const records = log.read(position, this.#random.int(1, 7));
      if (records.length === 0) continue;
      const remembered = this.delivered.get(partition) ?? new Map<bigint, LogRecord>();
      this.delivered.set(partition, remembered);
      for (const record of records) remembered.set(record.offset, record);
      await this.#eachBatch!({
        batch: {
          topic: this.#topic.name,
          partition,
          highWatermark: String(log.high),
          messages: records.map(messageOf),
        },
        heartbeat: async () => {},
        isStale: () => !isOurs(),
        resolveOffset: (offset: string) => {
          position = BigInt(offset) + 1n;
        },
      } as never);
    }
  }
}

function messageOf({ offset, key, value, headers }: LogRecord) {
  const bytes = Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)]));
  return { offset: String(offset), key: Buffer.from(key), value: Buffer.from(value), headers: bytes };
}
