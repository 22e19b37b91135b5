import { setTimeout as sleep } from 'node:timers/promises';
import type { Batch, Consumer, EachBatchPayload, KafkaMessage } from 'kafkajs';
import { createKafka, type KafkaLogLine, type KafkaSettings } from './kafka-settings.ts';

export type KafkaRecord = {
  readonly offset: bigint;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: KafkaMessage['headers'] & {};
};

export type PartitionBatch = {
  readonly partition: number;
  readonly records: readonly [KafkaRecord, ...KafkaRecord[]];
  /** The next offset that the broker will give out. */
  readonly highWatermark: bigint;
  /** Aborted when the loop stops or loses its membership: give up soon, nothing is lost. */
  readonly signal: AbortSignal;
  /** Tells the group that this member lives; call it at least every few seconds. */
  heartbeat(): Promise<void>;
};

/** done: go on at `next`. seek: read again from `next`. halt: never read this partition again in this process. */
export type Verdict =
  | { readonly verdict: 'done' | 'seek'; readonly next: bigint }
  | { readonly verdict: 'halt'; readonly because: string };

export type PartitionLoopOptions = {
  readonly kafka: KafkaSettings;
  readonly topic: string;
  readonly groupId: string;
  /** How many partitions are worked on at the same time. */
  readonly lanes: number;
  /** An error ends the loop: nothing is mended in place. */
  work(batch: PartitionBatch): Promise<Verdict>;
  onLog(line: KafkaLogLine): void;
  /** Instead of a consumer of kafkajs on `kafka`: for the simulation. */
  readonly consumer?: () => Consumer;
};

export type PartitionLoop = {
  /** Joins the group and works until the signal aborts. Rejects when work fails or kafkajs gives up. */
  run(signal: AbortSignal): Promise<void>;
  /** True when a member of the group with nothing halted, else why not. */
  ready(): true | string;
  /** Records not yet worked on, by partition, as of the last batch. */
  lag(): ReadonlyMap<number, bigint>;
};

const COMMIT_EVERY_MS = 1_000;
const REJOIN_AFTER_MS = 1_000;
/** A fetch is answered within 50 ms when there is nothing to read; a batch that waits for Postgres stops fetching too. */
const SILENT_AFTER_MS = 30_000;

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
  };
}

class LoopState {
  joined = false;
  /** When the broker last answered a fetch, by the monotonic clock. */
  fetchedAtMs = performance.now();
  readonly halted = new Map<number, string>();
  readonly lag = new Map<number, bigint>();
  readonly committedAtMs = new Map<number, number>();

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

/** Joins again, with a new client, when kafkajs gives up: a broker that starts or restarts is no reason to end. */
async function run(options: PartitionLoopOptions, state: LoopState, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await runOnce(options, state, signal);
    } catch (error) {
      if (!isKafkaAway(error) || signal.aborted) throw error;
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
  const consumer = options.consumer?.() ?? consumerOf(options);
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => {});
  const stopping = new AbortController();
  consumer.on(consumer.events.GROUP_JOIN, () => {
    state.joined = true;
  });
  consumer.on(consumer.events.FETCH, () => {
    state.fetchedAtMs = performance.now();
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
        try {
          await workOn(options, state, consumer, payload, stopping.signal);
        } catch (error) {
          if (!stopping.signal.aborted) failed.reject(error);
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

function consumerOf(options: PartitionLoopOptions): Consumer {
  return createKafka(options.kafka, options.onLog).consumer({
    groupId: options.groupId,
    sessionTimeout: 10_000,
    heartbeatInterval: 3_000,
    rebalanceTimeout: 15_000,
    maxWaitTimeInMs: 50,
    minBytes: 1,
    maxBytesPerPartition: 5 * 1024 * 1024,
    allowAutoTopicCreation: false,
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
  if (records.length === 0 || state.halted.has(batch.partition) || signal.aborted || payload.isStale()) return;
  const highWatermark = BigInt(batch.highWatermark);
  const verdict = await options.work({
    partition: batch.partition,
    records: records as [KafkaRecord, ...KafkaRecord[]],
    highWatermark,
    signal,
    heartbeat,
  });
  if (verdict.verdict === 'halt') return halt(state, consumer, batch, verdict.because);
  if (verdict.verdict === 'seek') {
    consumer.seek({ topic: batch.topic, partition: batch.partition, offset: String(verdict.next) });
    return;
  }
  payload.resolveOffset(String(verdict.next - 1n));
  state.lag.set(batch.partition, highWatermark - verdict.next);
  await commitHint(state, consumer, batch, verdict.next);
  await heartbeat();
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
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
