import { setTimeout as sleep } from 'node:timers/promises';
import type { PartitionBatch } from '@bursar/bus/partition-loop';
import { isConnectionLost } from '@bursar/db/transaction';
import type { Log } from '@bursar/runtime/log';

const RETRY_EVERY_MS = 500;

/**
 * Repeats work while Postgres is away, keeping this member in its group. The batch stays in memory and no other is
 * fetched for the partition, so nothing grows and nothing is lost. Any other error goes to the caller.
 */
export async function whilePostgresIsAway<T>(
  { log, batch }: { log: Log; batch: Pick<PartitionBatch, 'partition' | 'signal' | 'heartbeat'> },
  work: () => Promise<T>,
): Promise<T> {
  for (let failures = 0; ; failures++) {
    try {
      return await work();
    } catch (error) {
      if (!isConnectionLost(error) || batch.signal.aborted) throw error;
      if (failures % 10 === 0) {
        log.warn({ partition: batch.partition, err: error }, 'Postgres is away; the partition waits, nothing is lost');
      }
      await sleep(RETRY_EVERY_MS, undefined, { signal: batch.signal });
      await batch.heartbeat();
    }
  }
}
