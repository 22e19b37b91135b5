import { ensurePartitions } from '@bursar/db/ledger/partitions';
import type { Pool } from '@bursar/db/pool';
import { pruneTicks } from '@bursar/db/schedule/prune-ticks';
import type { Job } from '../job.ts';

const DAY_MS = 86_400_000;
const DAYS_AHEAD = 3;

/** Makes the ledger's partitions ahead of time and forgets old ticks. */
export function maintenanceJob(pool: Pool, cron: string, keepTicksMs: number): Job {
  return {
    name: 'maintenance',
    cron,
    atStart: true,
    leaseMs: 120_000,
    async run() {
      const nowMs = Date.now();
      await ensurePartitions(pool, new Date(nowMs - DAY_MS), new Date(nowMs + DAYS_AHEAD * DAY_MS));
      const pruned = await pruneTicks(pool, keepTicksMs);
      return `partitions until ${DAYS_AHEAD} days ahead; ${pruned} old ticks deleted`;
    },
  };
}
