import { createPartitionLoop } from '@bursar/bus/partition-loop';
import type { Traffic } from './produce.ts';

/** Reads everything through the partition loop and does nothing with it: the ceiling of the chain. Events per second. */
export async function measureConsumeOnly(brokers: string[], traffic: Traffic): Promise<number> {
  const stop = new AbortController();
  let read = 0;
  let startedAtMs = 0;
  const loop = createPartitionLoop({
    kafka: { brokers, clientId: 'bursar-bench' },
    topic: traffic.topic,
    groupId: `${traffic.prefix}.consume-only`,
    lanes: 2,
    async work(batch) {
      startedAtMs ||= performance.now();
      read += batch.records.length;
      if (read >= traffic.count) stop.abort();
      return { verdict: 'done', next: batch.records.at(-1)!.offset + 1n };
    },
    onLog: () => {},
  });
  await loop.run(stop.signal);
  return read / ((performance.now() - startedAtMs) / 1_000);
}
