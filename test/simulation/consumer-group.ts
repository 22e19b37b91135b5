import type { Watermarks } from '@bursar/bus/admin';
import type { KafkaLogLine } from '@bursar/bus/kafka-settings';
import type { PartitionLoopOptions } from '@bursar/bus/partition-loop';
import type { Clock } from './clock.ts';
import type { Contents } from './contents.ts';
import type { LogRecord, TopicLog } from './log.ts';
import type { Random } from './random.ts';
import type { Process, Scheduler } from './scheduler.ts';

type Consumer = ReturnType<NonNullable<PartitionLoopOptions['consumer']>>;
type EachBatch = (payload: never) => Promise<void>;

type Given = {
  process: Process;
  topic: TopicLog;
  scheduler: Scheduler;
  random: Random;
  clock: Clock;
  contents: Contents;
};

const EMPTY_FETCH_MS = 50;
const STOOD_STILL_MS = 5_000;

/** What a process was given to read, by partition and offset: what it may have counted. */
export type Delivered = Map<number, Map<bigint, LogRecord>>;

/** A member of the group, with kafkajs' behaviour towards the real partition loop. */
export class Member {
  readonly process: Process;
  readonly delivered: Delivered = new Map();
  readonly #given: Given;
  readonly #generations = new Map<number, number>();
  readonly #reading = new Map<number, Promise<void>>();
  readonly #sought = new Map<number, bigint>();
  readonly #paused = new Set<number>();
  readonly #owned = new Set<number>();
  readonly #listeners = new Map<string, (event: { payload: unknown }) => void>();
  #onLog: (line: KafkaLogLine) => void = () => {};
  #eachBatch: EachBatch | undefined;

  constructor(given: Given) {
    this.process = given.process;
    this.#given = given;
  }

  /** What the partition loop sees of kafkajs. */
  consumer(onLog: (line: KafkaLogLine) => void): Consumer {
    this.#onLog = onLog;
    const nothing = async () => {};
    return {
      events: { GROUP_JOIN: 'join', FETCH: 'fetch', CRASH: 'crash', HEARTBEAT: 'heartbeat' },
      on: (name: string, listener: (event: { payload: unknown }) => void) => {
        this.#listeners.set(name, listener);
        return () => {};
      },
      ...{ connect: nothing, subscribe: nothing, disconnect: nothing },
      run: async ({ eachBatch }: { eachBatch: EachBatch }) => {
        this.#eachBatch = eachBatch;
        this.#join();
        for (const partition of this.#owned) this.#read(partition);
      },
      seek: ({ partition, offset }: { partition: number; offset: string }) => {
        this.#sought.set(partition, BigInt(offset));
      },
      pause: ([{ partitions }]: [{ partitions: number[] }]) => {
        for (const index of partitions) this.#paused.add(index);
      },
      resume: ([{ partitions }]: [{ partitions: number[] }]) => {
        for (const index of partitions) this.#paused.delete(index);
      },
      commitOffsets: async ([{ partition, offset }]: [{ partition: number; offset: string }]) => {
        await this.#given.scheduler.at({
          process: this.process,
          label: `commit hint ${partition}`,
          run: async () => {
            this.#given.topic.hints.set(partition, BigInt(offset));
          },
        });
      },
    } as unknown as Consumer;
  }

  /** What the broker says of the topic; much may happen before the answer is used. */
  watermarks(): Promise<Watermarks[]> {
    const { scheduler, topic } = this.#given;
    const run = async () => topic.partitions.map(({ low, high }, partition) => ({ partition, low, high }));
    return scheduler.at({ process: this.process, label: 'watermarks', run });
  }

  assign(partition: number): void {
    this.#generations.set(partition, (this.#generations.get(partition) ?? 0) + 1);
    this.#owned.add(partition);
    if (this.#eachBatch === undefined) return;
    this.#join();
    this.#read(partition);
  }

  /** A batch under way goes on: from now on this member is a zombie there. */
  revoke(partition: number): void {
    this.#owned.delete(partition);
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

  /** A rebalance: kafkajs tells what it was given. Whoever lost something hears of it at its next join. */
  #join(): void {
    this.#emit('join', { memberAssignment: { [this.#given.topic.name]: [...this.#owned] } });
  }

  #emit(name: string, payload: unknown): void {
    this.#listeners.get(name)?.({ payload });
  }

  async #readOn(partition: number, isOurs: () => boolean): Promise<void> {
    const { topic, scheduler, random } = this.#given;
    const log = topic.partitions[partition]!;
    let position = topic.hints.get(partition) ?? log.low;
    this.#sought.delete(partition);
    const isOutside = () => position < log.low || position > log.high;
    const isAwaited = () => !isOurs() || this.#sought.has(partition) || isOutside() || position < log.high;
    const isRead = () => !this.#paused.has(partition);
    while (isOurs()) {
      if (!isRead()) await scheduler.until(this.process, () => !isOurs() || isRead(), `resumed ${partition}`);
      if (!isOurs()) return;
      await scheduler.sleep(this.process, random.int(0, 60), `fetch ${partition}`);
      if (!isAwaited()) await this.#waitFor(partition, isAwaited);
      if (!isOurs()) return;
      position = this.#sought.get(partition) ?? position;
      this.#sought.delete(partition);
      this.#emit('fetch', {});
      if (isOutside()) position = this.#beginAgain(log.low);
      const records = log.read(position, random.int(1, 7));
      if (records.length > 0) await this.#handOver(partition, records, isOurs, (next) => (position = next));
    }
  }

  /** Fetches that find nothing: each takes 50 ms, unless the process stood still. */
  async #waitFor(partition: number, isAwaited: () => boolean): Promise<void> {
    const { clock, scheduler } = this.#given;
    const sinceMs = clock.nowMs;
    await scheduler.until(this.process, isAwaited, `fetched ${partition}`);
    const waitedMs = clock.nowMs - sinceMs;
    if (waitedMs > STOOD_STILL_MS) return;
    for (let ms = waitedMs; ms > 0; ms -= EMPTY_FETCH_MS) clock.earlier(ms, () => this.#emit('fetch', {}));
  }

  /** Out of range: kafkajs complains and reads from the beginning. */
  #beginAgain(low: bigint): bigint {
    this.#given.contents.resets++;
    const message = 'The requested offset is not within the range of offsets maintained by the server';
    this.#onLog({ level: 'error', namespace: 'Consumer', message });
    return low;
  }

  async #handOver(
    partition: number,
    records: readonly LogRecord[],
    isOurs: () => boolean,
    goOnAt: (next: bigint) => void,
  ): Promise<void> {
    const { topic } = this.#given;
    const remembered = this.delivered.get(partition) ?? new Map<bigint, LogRecord>();
    this.delivered.set(partition, remembered);
    for (const record of records) remembered.set(record.offset, record);
    await this.#eachBatch!({
      batch: {
        topic: topic.name,
        partition,
        highWatermark: String(topic.partitions[partition]!.high),
        messages: records.map(messageOf),
      },
      heartbeat: async () => {},
      isStale: () => !isOurs(),
      resolveOffset: (offset: string) => goOnAt(BigInt(offset) + 1n),
    } as never);
  }
}

function messageOf({ offset, key, value, headers }: LogRecord) {
  const bytes = Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)]));
  return { offset: String(offset), key: Buffer.from(key), value: Buffer.from(value), headers: bytes };
}
