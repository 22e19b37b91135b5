import type { Queryable } from '../pool.ts';

export type Job = {
  job: string;
  startedAt: Date;
  finishedAt: Date | null;
  /** null while it runs; abandoned when its process was lost. */
  outcome: 'ok' | 'failed' | 'abandoned' | null;
  /** What it did, or why it failed. */
  detail: string | null;
  /** When it last finished without an error. */
  succeededAt: Date | null;
};

/** Each scheduled job with its newest run and its last success in the time that runs are kept. */
export async function listJobs(db: Queryable): Promise<Job[]> {
  const { rows } = await db.query<Job>(
    `select distinct on (f.job) f.job, f.claimed_at as "startedAt", f.finished_at as "finishedAt", f.outcome, f.detail,
            max(f.finished_at) filter (where f.outcome = 'ok') over (partition by f.job) as "succeededAt"
       from cron_fire f order by f.job, f.tick desc`,
  );
  return rows;
}
