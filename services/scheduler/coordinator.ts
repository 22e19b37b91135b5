import type { Queryable } from '@bursar/db/pool';
import { claimTick } from '@bursar/db/schedule/claim-tick';
import type { RunCoordinator } from 'node-cron';

/**
 * Decides for node-cron, in Postgres, which instance runs a tick. node-cron names a tick `<job>:<ISO time it was due>`,
 * the same in every instance, and passes the job's `distributedLease`; it skips the tick when this rejects.
 */
export function postgresCoordinator(db: Queryable, owner: string): RunCoordinator {
  return {
    shouldRun(key, leaseMs) {
      const [, job = '', due = ''] = /^([^:]+):(.+)$/.exec(key) ?? [];
      return claimTick(db, { job, tick: new Date(due), owner, leaseMs });
    },
  };
}
