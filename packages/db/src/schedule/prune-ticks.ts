import type { Queryable } from '../pool.ts';

/** Deletes finished ticks older than this, except the last success of each job. Returns how many. */
export async function pruneTicks(db: Queryable, olderThanMs: number): Promise<number> {
  const { rowCount } = await db.query(
    `delete from cron_fire old
      where finished_at < clock_timestamp() - $1 * interval '1 millisecond'
        and (outcome <> 'ok' or exists (
          select 1 from cron_fire newer
           where newer.job = old.job and newer.outcome = 'ok' and newer.finished_at > old.finished_at))`,
    [olderThanMs],
  );
  return rowCount ?? 0;
}
