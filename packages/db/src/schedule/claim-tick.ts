import type { Queryable } from '../pool.ts';

export type TickClaim = {
  job: string;
  tick: Date;
  /** Which instance claims it. */
  owner: string;
  /** How long an unfinished claim keeps every other tick of the job back. */
  leaseMs: number;
};

/**
 * Claims one tick of a job for one instance. False when another instance has it, or still works on another tick:
 * a job never runs twice at a time unless a run outlives its lease.
 */
export async function claimTick(db: Queryable, claim: TickClaim): Promise<boolean> {
  const { rowCount } = await db.query(
    `insert into cron_fire (job, tick, owner)
     select $1, $2, $3
      where not exists (
        select 1 from cron_fire
         where job = $1 and finished_at is null and claimed_at > clock_timestamp() - $4 * interval '1 millisecond')
     on conflict (job, tick) do nothing`,
    [claim.job, claim.tick, claim.owner, claim.leaseMs],
  );
  return rowCount === 1;
}
