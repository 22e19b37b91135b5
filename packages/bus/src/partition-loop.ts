import { setTimeout as sleep } from 'node:timers/promises';
import type { Batch, Consumer, EachBatchPayload, KafkaMessage } from 'kafkajs';
import { watermarks } from './admin.ts';
import { registerCodecs, type UnreadableBatch, unreadableOf } from './compression.ts';
import { explainKafkaError } from './explain-error.ts';
import { FETCH_WAIT_MS, FetchGaps } from './fetch-gaps.ts';
import { createKafka, type KafkaLogLine, type KafkaSettings } from './kafka-settings.ts';
import { diagnose, isSuspicious, type LoopHealth } from './watchdog.ts';

export type KafkaRecord = {
  readonly offset: bigint;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: KafkaMessage['headers'] & {};
  /** The record stood in a batch that could not be decompressed; key, value and headers are not known. */
  readonly unreadable?: UnreadableBatch;
};

export type PartitionBatch = {
  readonly partition: number;
  readonly records: readonly [KafkaRecord, ...KafkaRecord[]];
  /** The next offset that the broker will give out. */
  readonly highWatermark: bigint;
  /**
   * Another number each time reading may have begun anew: a group was joined, kafkajs had trouble, the partition was
   * halted and is read again. What a caller remembers of the partition's place may then be wrong.
   */
  readonly reading: number;
  /**
   * Another number each time Kafka was not asked for so long that the topic may have been replaced meanwhile. The batch
   * then begins one record before the one that comes next, which tells.
   */
  readonly lapse: number;
  /** Aborted when the loop stops or loses its membership: give up soon, nothing is lost. */
  readonly signal: AbortSignal;
  /** Tells the group that this member lives; the loop does it too for the first minute of a batch. Rejects when the group rebalances. */
  heartbeat(): Promise<void>;
};

/** done: go on at `next`. seek: read again from `next`. halt: read this partition no more until `resume`. */
export type Verdict =
  | { readonly verdict: 'done' | 'seek'; readonly next: bigint }
  | { readonly verdict: 'halt'; readonly because: string };

export type PartitionLoopOptions = {
  readonly kafka: KafkaSettings;
  readonly topic: string;
  readonly groupId: string;
  /** How many partitions are worked on at the same time. */
  readonly lanes: number;
  /** An error ends the loop: nothing is mended in place. Those of the watchdog (`watchdog.ts`) end it too. */
  work(batch: PartitionBatch): Promise<Verdict>;
  onLog(line: KafkaLogLine): void;
  /** Instead of a consumer of kafkajs on `kafka`: for the simulation. */
  readonly consumer?: (onLog: (line: KafkaLogLine) => void) => Consumer;
};

export type PartitionLoop = {
  /** Joins the group and works until the signal aborts. Rejects when work fails or kafkajs gives up. */
  run(signal: AbortSignal): Promise<void>;
  /** True when a member of the group with nothing halted, else why not. */
  ready(): true | string;
  /** Records not yet worked on, by partition, as of the last batch. */
  lag(): ReadonlyMap<number, bigint>;
  /** Reads a halted partition again. */
  resume(partition: number): void;
  /** Reads on from `offset`, which may lie before what was read. False when the partition is not this member's. */
  reread(partition: number, offset: bigint): boolean;
};

registerCodecs();

const COMMIT_EVERY_MS = 1_000;
const REJOIN_AFTER_MS = 1_000;
/** A fetch is answered within 250 ms when there is nothing to read; a batch that waits for Postgres stops fetching too. */
const SILENT_AFTER_MS = 30_000;
const LOOK_EVERY_MS = 10_000;
/** The least that a broker allows by default: so long the partitions of a member that died wait. */
const SESSION_TIMEOUT_MS = 6_000;
/** So long a member may take to learn that another has come or gone. */
const HEARTBEAT_EVERY_MS = 1_000;
/** Longer than a statement of Postgres may take. */
const KEPT_ALIVE_BEATS = 60;

/**
 * Reads the partitions that the group gives to this member, each in order, one batch at a time.
 * Which offset comes next is the caller's knowledge: what is committed to Kafka is a hint for lag tools, nothing more.
 */
export function createPartitionLoop(options: PartitionLoopOptions): PartitionLoop {
  const state = new LoopState();
  return {
    run: (signal) => run(options, state, signal),
    ready: () => state.ready(),
    lag: () => state.lag,
    resume: (partition) => state.resume(partition, options.topic),
    reread: (partition, offset) => state.reread(partition, offset, options.topic),
  };
}

class LoopState {
  joined = false;
  /** When this process was last known to be a member, by the monotonic clock. */
  memberAtMs = performance.now();
  batchesUnderWay = 0;
  reading = 0;
  /** A batch came since the last fetch began. */
  hasFound = false;
  lapse = 0;
  consumer: Consumer | undefined;
  assigned: readonly number[] = [];
  readonly next = new Map<number, bigint>();
  /** As `next`, of partitions at rest whose reading did not begin anew since. */
  readonly readTo = new Map<number, bigint>();
  /** When the broker last answered a fetch, by the monotonic clock. */
  fetchedAtMs = performance.now();
  readonly halted = new Map<number, string>();
  readonly lag = new Map<number, bigint>();
  readonly committedAtMs = new Map<number, number>();

  health(): LoopHealth {
    const nowMs = performance.now();
    return {
      isMember: this.joined,
      sinceMembershipMs: nowMs - this.memberAtMs,
      sinceFetchMs: nowMs - this.fetchedAtMs,
      batchesUnderWay: this.batchesUnderWay,
      partitions: new Set(this.assigned.filter((partition) => !this.halted.has(partition))),
      next: this.next,
    };
  }

  beginAnew(): void {
    this.reading++;
    this.readTo.clear();
  }

  assign(partitions: readonly number[]): void {
    this.assigned = partitions;
    for (const partition of this.lag.keys()) if (!partitions.includes(partition)) this.lag.delete(partition);
  }

  resume(partition: number, topic: string): void {
    this.halted.delete(partition);
    this.beginAnew();
    this.consumer?.resume([{ topic, partitions: [partition] }]);
  }

  reread(partition: number, offset: bigint, topic: string): boolean {
    if (!this.joined || !this.assigned.includes(partition)) return false;
    this.beginAnew();
    this.next.set(partition, offset);
    this.consumer?.seek({ topic, partition, offset: String(offset) });
    return true;
  }

  ready(): true | string {
    if (!this.joined) return 'not a member of the consumer group';
    const silentMs = performance.now() - this.fetchedAtMs;
    if (silentMs > SILENT_AFTER_MS) {
      return `nothing could be read from Kafka for ${Math.round(silentMs / 1_000)} s: Kafka is away, or a batch waits for Postgres`;
    }
    if (this.halted.size === 0) return true;
    return [...this.halted].map(([partition, because]) => `partition ${partition} is halted: ${because}`).join('; ');
  }
}

async function run(options: PartitionLoopOptions, state: LoopState, signal: AbortSignal): Promise<void> {
  const ended = new AbortController();
  const running = AbortSignal.any([signal, ended.signal]);
  try {
    await Promise.race([joinAgainAndAgain(options, state, running), stall(options, state, running)]);
  } finally {
    ended.abort();
  }
}

/** Rejects when the loop stands still while Kafka answers; never resolves. A Kafka that is away is waited for. */
function stall(options: PartitionLoopOptions, state: LoopState, signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setInterval(async () => {
    if (!isSuspicious(state.health())) return;
    const marks = await watermarks(options.kafka, options.topic).catch(() => undefined);
    const wrong = marks && diagnose(state.health(), marks);
    if (wrong && !signal.aborted) reject(wrong);
  }, LOOK_EVERY_MS);
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  return promise;
}

/** With a new client when kafkajs gives up: a broker that starts or restarts is no reason to end. */
async function joinAgainAndAgain(options: PartitionLoopOptions, state: LoopState, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await runOnce(options, state, signal);
    } catch (caught) {
      const error = explainKafkaError(caught, options.kafka, options.topic);
      if (!isKafkaAway(error)) throw error;
      if (signal.aborted) return;
      options.onLog({
        level: 'warn',
        namespace: 'PartitionLoop',
        message: `joins again in ${REJOIN_AFTER_MS} ms: ${error.message}`,
      });
      await sleep(REJOIN_AFTER_MS, undefined, { signal }).catch(() => {});
    }
  }
}

/** Every error of kafkajs bears its name; an error of the caller's work does not, and ends the loop. */
function isKafkaAway(error: unknown): error is Error {
  return error instanceof Error && error.name.startsWith('KafkaJS');
}

async function runOnce(options: PartitionLoopOptions, state: LoopState, signal: AbortSignal): Promise<void> {
  const onLog = (line: KafkaLogLine) => {
    // Every trouble of kafkajs is told; one of them is that it begins at another offset than it was asked for.
    state.beginAnew();
    options.onLog(line);
  };
  const consumer = options.consumer?.(onLog) ?? consumerOf(options, onLog);
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => {});
  const stopping = new AbortController();
  state.consumer = consumer;
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    state.joined = true;
    state.beginAnew();
    state.fetchedAtMs = performance.now();
    state.assign(payload.memberAssignment[options.topic] ?? []);
  });
  watchForGaps(consumer, state, options.topic);
  consumer.on(consumer.events.HEARTBEAT, () => {
    state.memberAtMs = performance.now();
  });
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    state.joined = false;
    if (!payload.restart) failed.reject(payload.error);
  });
  try {
    await consumer.connect();
    await consumer.subscribe({ topic: options.topic, fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: options.lanes,
      eachBatch: async (payload) => {
        state.batchesUnderWay++;
        try {
          await workOn(options, state, consumer, payload, stopping.signal);
        } catch (error) {
          // kafkajs mends its own errors: after a rebalance it joins again as the same member. A new client would
          // be another member, whose coming is the next rebalance.
          if (isKafkaAway(error)) throw error;
          if (!stopping.signal.aborted) failed.reject(error);
        } finally {
          state.batchesUnderWay--;
        }
      },
    });
    await Promise.race([aborted(signal), failed.promise]);
  } finally {
    stopping.abort();
    state.joined = false;
    await consumer.disconnect().catch(() => {});
  }
}

function consumerOf(options: PartitionLoopOptions, onLog: PartitionLoopOptions['onLog']): Consumer {
  return createKafka(options.kafka, onLog).consumer({
    groupId: options.groupId,
    sessionTimeout: SESSION_TIMEOUT_MS,
    heartbeatInterval: HEARTBEAT_EVERY_MS,
    rebalanceTimeout: 15_000,
    maxWaitTimeInMs: FETCH_WAIT_MS,
    minBytes: 1,
    maxBytesPerPartition: 5 * 1024 * 1024,
    allowAutoTopicCreation: false,
  });
}

/** After a gap each partition is read again from its last record, which is then compared with the one that was worked on. */
function watchForGaps(consumer: Consumer, state: LoopState, topic: string): void {
  const gaps = new FetchGaps();
  consumer.on(consumer.events.FETCH_START, ({ payload }) => {
    const hasFound = state.hasFound;
    state.hasFound = false;
    if (!gaps.asks(payload.nodeId, performance.now(), hasFound)) return;
    state.lapse++;
    for (const [partition, next] of state.readTo) {
      if (next > 0n) consumer.seek({ topic, partition, offset: String(next - 1n) });
    }
  });
  consumer.on(consumer.events.FETCH, ({ payload }) => {
    state.fetchedAtMs = performance.now();
    if (gaps.answered(payload.nodeId, state.fetchedAtMs)) state.lapse++;
  });
}

async function workOn(
  options: PartitionLoopOptions,
  state: LoopState,
  consumer: Consumer,
  payload: EachBatchPayload,
  signal: AbortSignal,
): Promise<void> {
  const { batch, heartbeat } = payload;
  const records = batch.messages.map(recordOf);
  if (records.length === 0 || signal.aborted || payload.isStale()) return;
  const halted = state.halted.get(batch.partition);
  // After a rejoin kafkajs knows nothing of it.
  if (halted !== undefined) return halt(state, consumer, batch, halted);
  const highWatermark = BigInt(batch.highWatermark);
  const { reading, lapse } = state;
  state.readTo.delete(batch.partition);
  state.hasFound = true;
  const alive = keptAlive(heartbeat);
  const working = options.work({
    partition: batch.partition,
    records: records as [KafkaRecord, ...KafkaRecord[]],
    highWatermark,
    reading,
    lapse,
    signal,
    heartbeat,
  });
  const verdict = await working.finally(() => alive.stop());
  if (verdict.verdict === 'halt') return halt(state, consumer, batch, verdict.because);
  state.next.set(batch.partition, verdict.next);
  if (verdict.verdict === 'seek') {
    consumer.seek({ topic: batch.topic, partition: batch.partition, offset: String(verdict.next) });
    return;
  }
  // Other brokers are asked while this batch is worked on.
  const isLapsed = state.lapse !== lapse && verdict.next > 0n;
  payload.resolveOffset(String(verdict.next - (isLapsed ? 2n : 1n)));
  if (state.reading === reading) state.readTo.set(batch.partition, verdict.next);
  if (state.assigned.includes(batch.partition)) state.lag.set(batch.partition, highWatermark - verdict.next);
  await commitHint(state, consumer, batch, verdict.next);
  await heartbeat();
}

/** A slow statement must not cost the membership, a work that never ends must. A rebalance is met again at the next heartbeat. */
function keptAlive(heartbeat: () => Promise<void>): { stop(): void } {
  let beats = 0;
  const timer = setInterval(() => {
    heartbeat().catch(() => {});
    if (++beats === KEPT_ALIVE_BEATS) clearInterval(timer);
  }, HEARTBEAT_EVERY_MS);
  return { stop: () => clearInterval(timer) };
}

function halt(state: LoopState, consumer: Consumer, batch: Batch, because: string): void {
  state.halted.set(batch.partition, because);
  consumer.pause([{ topic: batch.topic, partitions: [batch.partition] }]);
}

async function commitHint(state: LoopState, consumer: Consumer, batch: Batch, next: bigint): Promise<void> {
  const nowMs = performance.now();
  if (nowMs - (state.committedAtMs.get(batch.partition) ?? -COMMIT_EVERY_MS) < COMMIT_EVERY_MS) return;
  state.committedAtMs.set(batch.partition, nowMs);
  await consumer
    .commitOffsets([{ topic: batch.topic, partition: batch.partition, offset: String(next) }])
    .catch(() => {});
}

function recordOf(message: KafkaMessage): KafkaRecord {
  return {
    offset: BigInt(message.offset),
    key: message.key,
    value: message.value,
    headers: message.headers ?? {},
    ...unreadableOf(message),
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
