import type { Pool } from '@bursar/db/pool';
import { dropExpiredPartitions, type PartitionedTable } from '@bursar/db/schedule/drop-partitions';
import type { Job } from '../job.ts';

const DAY_MS = 86_400_000;

/** Drops requests and minutes whose time is over, a day at a time. Quarter hours are kept for ever. */
export function retentionJob(pool: Pool, cron: string, keepMs: Readonly<Record<PartitionedTable, number>>): Job {
  return {
    name: 'retention',
    cron,
    atStart: true,
    leaseMs: 120_000,
    async run(signal) {
      const { dropped, waiting } = await dropExpiredPartitions(pool, keepMs, signal);
      const kept = `requests are kept ${keepMs.usage_event / DAY_MS} days, minutes ${keepMs.usage_minute / DAY_MS}`;
      const waits = waiting.length === 0 ? '' : `; ${waiting.join(', ')} still has a reader, next time`;
      return `${dropped.length} partitions dropped (${kept})${waits}`;
    },
  };
}
