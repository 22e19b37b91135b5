import type { Consumer, EachBatchHandler, EachBatchPayload } from 'kafkajs';
import { createPartitionLoop, type PartitionBatch, type PartitionLoop, type Verdict } from '../src/partition-loop.ts';

export type HandedBatches = {
  loop: PartitionLoop;
  /** What the loop asked of kafkajs, in order: `seek 3`, `resolve 4`, `commit 5`, `pause`, `resume`. */
  asked: string[];
  /** Hands the loop a batch of records at these offsets, as kafkajs does. */
  hand(offsets: readonly number[], isStale?: boolean): Promise<void>;
} & AsyncDisposable;

/** A partition loop on a consumer that hands out what the test gives it, and keeps what is asked of it. */
export async function handedBatches(work: (batch: PartitionBatch) => Promise<Verdict>): Promise<HandedBatches> {
  const asked: string[] = [];
  const started = Promise.withResolvers<EachBatchHandler>();
  const end = new AbortController();
  const loop = createPartitionLoop({
    ...{ kafka: { brokers: ['127.0.0.1:1'], clientId: 'test' }, topic: 'usage', groupId: 'g', lanes: 1, work },
    onLog: () => {},
    consumer: () => consumerThatKeeps(asked, started.resolve),
  });
  const running = loop.run(end.signal);
  const eachBatch = await started.promise;
  return {
    ...{ loop, asked },
    hand: (offsets, isStale = false) => eachBatch(payloadOf(offsets, isStale, asked)),
    async [Symbol.asyncDispose]() {
      end.abort();
      await running;
    },
  };
}

function consumerThatKeeps(asked: string[], onRun: (eachBatch: EachBatchHandler) => void): Consumer {
  const nothing = async () => {};
  const join = { payload: { memberAssignment: { usage: [0] } } };
  return {
    ...{
      events: { GROUP_JOIN: 'join' },
      on: (name: string, told: (event: unknown) => void) => name === 'join' && told(join),
    },
    ...{ connect: nothing, subscribe: nothing, disconnect: nothing },
    run: async ({ eachBatch }: { eachBatch: EachBatchHandler }) => onRun(eachBatch),
    seek: ({ offset }: { offset: string }) => asked.push(`seek ${offset}`),
    pause: () => asked.push('pause'),
    resume: () => asked.push('resume'),
    commitOffsets: async ([{ offset }]: [{ offset: string }]) => asked.push(`commit ${offset}`),
  } as unknown as Consumer;
}

function payloadOf(offsets: readonly number[], isStale: boolean, asked: string[]): EachBatchPayload {
  const messages = offsets.map((offset) => ({ offset: String(offset), key: null, value: null, headers: {} }));
  return {
    batch: { topic: 'usage', partition: 0, highWatermark: '100', messages, lastOffset: () => messages.at(-1)?.offset },
    heartbeat: async () => {},
    isStale: () => isStale,
    resolveOffset: (offset: string) => asked.push(`resolve ${offset}`),
  } as unknown as EachBatchPayload;
}
