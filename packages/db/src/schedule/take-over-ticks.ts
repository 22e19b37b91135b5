import type { Queryable } from '../pool.ts';

export type TakenTick = { job: string; tick: Date };

/**
 * Ends the claims that outlived their lease: their instance is gone. The newest tick of a job becomes this owner's and
 * is returned; an older one is closed as abandoned, since a newer run did or will do its work.
 */
export async function takeOverTicks(
  db: Queryable,
  owner: string,
  jobs: readonly { name: string; leaseMs: number }[],
): Promise<TakenTick[]> {
  const { rows } = await db.query<TakenTick>(
    `with lost as (
       select f.job, f.tick,
              not exists (select 1 from cron_fire newer where newer.job = f.job and newer.tick > f.tick) as newest
         from cron_fire f
         join unnest($2::text[], $3::bigint[]) as known (job, lease_ms) using (job)
        where f.finished_at is null and f.claimed_at <= clock_timestamp() - known.lease_ms * interval '1 millisecond'
          for update of f skip locked
     ), ended as (
       update cron_fire f
          set owner = case when newest then $1 else f.owner end,
              claimed_at = case when newest then clock_timestamp() else f.claimed_at end,
              finished_at = case when newest then null else clock_timestamp() end,
              outcome = case when newest then null else 'abandoned' end
         from lost where (f.job, f.tick) = (lost.job, lost.tick)
       returning f.job, f.tick, newest
     )
     select job, tick from ended where newest`,
    [owner, jobs.map((job) => job.name), jobs.map((job) => job.leaseMs)],
  );
  return rows;
}
