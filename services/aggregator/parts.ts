import type { PartitionLoop } from '@bursar/bus/partition-loop';
import { type Channel, type OnSocket, openListener } from '@bursar/db/pool';
import type { Log } from '@bursar/runtime/log';
import type { Loop } from '@bursar/runtime/loop';
import type { Part } from '@bursar/runtime/service';
import type { AggregatorMetrics } from './metrics.ts';

/** Wakes a loop on its channel's notifications; the loop's own rhythm covers a connection that is lost. */
export function wakeOnNotify(
  databaseUrl: string,
  loops: Readonly<Partial<Record<Channel, Loop>>>,
  log: Log,
  onSocket: OnSocket,
): Part {
  let listener: { close(): Promise<void> } | undefined;
  return {
    name: 'notifications',
    async start() {
      const onLost = (error: Error) => log.warn({ err: error }, 'notifications are lost; polling goes on');
      const channels = Object.keys(loops) as Channel[];
      const wake = (channel: Channel) => loops[channel]?.wake();
      listener = await openListener(databaseUrl, 'bursar aggregator', channels, wake, onLost, onSocket);
    },
    // Its farewell is not waited for: a server that has fallen silent never answers it.
    stop: async () => void listener?.close().catch(() => {}),
  };
}

/** The partition loop as a part; its lag is read when metrics are asked for. */
export function partOf(name: string, loop: PartitionLoop, metrics: AggregatorMetrics): Part {
  return {
    name,
    run: async (signal) => {
      const report = setInterval(() => {
        // Also without those that another member reads now.
        metrics.lag.reset();
        for (const [partition, lag] of loop.lag()) metrics.lag.set({ partition: String(partition) }, Number(lag));
      }, 1_000);
      try {
        await loop.run(signal);
      } finally {
        clearInterval(report);
      }
    },
    ready: () => loop.ready(),
  };
}
