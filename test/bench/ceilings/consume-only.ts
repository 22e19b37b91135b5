import { createPartitionLoop } from '@bursar/bus/partition-loop';

export type WaitingTopic = { brokers: string[]; topic: string; groupId: string; count: number };

/** Reads everything through the partition loop and does nothing with it: the ceiling of the chain. Events per second. */
export async function measureConsumeOnly({ brokers, topic, groupId, count }: WaitingTopic): Promise<number> {
  const stop = new AbortController();
  let read = 0;
  let first: { atMs: number; records: number } | undefined;
  let lastAtMs = 0;
  const loop = createPartitionLoop({
    kafka: { brokers, clientId: 'bursar-bench' },
    ...{ topic, groupId, lanes: 2 },
    async work({ records }) {
      lastAtMs = performance.now();
      first ??= { atMs: lastAtMs, records: records.length };
      read += records.length;
      if (read >= count) stop.abort();
      return { verdict: 'done', next: records.at(-1)!.offset + 1n };
    },
    onLog: () => {},
  });
  await loop.run(stop.signal);
  // The first batch starts the clock, so it is not part of what was read meanwhile.
  return (read - first!.records) / ((lastAtMs - first!.atMs) / 1_000);
}
