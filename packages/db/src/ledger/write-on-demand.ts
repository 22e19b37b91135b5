import type { Pool } from '../pool.ts';
import { ensurePartitions } from './partitions.ts';
import { type LedgerBatch, type Written, writeBatch } from './write-batch.ts';

/** As writeBatch. Where a day has no partition yet, the days of the batch are made and it is written once more. */
export async function writeOnDemand(pool: Pool, batch: LedgerBatch): Promise<Written> {
  try {
    return await writeBatch(pool, batch);
  } catch (error) {
    if (!isPartitionMissing(error)) throw error;
    await ensurePartitions(pool, ...daysOf(batch));
    return writeBatch(pool, batch);
  }
}

/** check_violation, raised where Postgres looks for the partition of a row; a check constraint raises it elsewhere. */
export function isPartitionMissing(error: unknown): boolean {
  const { code, routine } = error as { code?: unknown; routine?: unknown };
  return code === '23514' && routine === 'ExecFindPartition';
}

/** From the first to the last instant that decides on a partition: times of ids for rows, of requests for minutes. */
function daysOf({ events }: LedgerBatch): [from: Date, to: Date] {
  const instants = events.flatMap(({ event_id, occurred_at }) => [idTimeMs(event_id), occurred_at.getTime()]);
  const sorted = instants.sort((a, b) => a - b);
  return [new Date(sorted[0]!), new Date(sorted.at(-1)!)];
}

/** The first 48 bits of a UUIDv7 are milliseconds since 1970. */
function idTimeMs(eventId: string): number {
  return Number.parseInt(eventId.slice(0, 8) + eventId.slice(9, 13), 16);
}
