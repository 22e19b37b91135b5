import type { Queryable } from '../pool.ts';

export type LastSuccess = { job: string; finishedAt: Date; detail: string };

/** The last successful run of each job by any scheduler; a job that never succeeded is absent. */
export async function lastSuccesses(db: Queryable): Promise<LastSuccess[]> {
  const { rows } = await db.query<LastSuccess>(
    `with recursive job (name) as (
       select min(job) from cron_fire where outcome = 'ok'
       union all
       select (select min(job) from cron_fire where outcome = 'ok' and cron_fire.job > job.name) from job where name is not null
     )
     select name as job, last.finished_at as "finishedAt", last.detail
       from job cross join lateral (
         select finished_at, detail from cron_fire where job = name and outcome = 'ok' order by finished_at desc limit 1
       ) as last
      order by name`,
  );
  return rows;
}
