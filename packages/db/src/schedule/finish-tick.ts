import type { Queryable } from '../pool.ts';

export type TickEnd = { job: string; tick: Date; owner: string; outcome: 'ok' | 'failed'; detail: string };

/** Records how a claimed tick ended. False when another instance had taken it over meanwhile. */
export async function finishTick(db: Queryable, end: TickEnd): Promise<boolean> {
  const { rowCount } = await db.query(
    `update cron_fire set finished_at = clock_timestamp(), outcome = $4, detail = $5
      where job = $1 and tick = $2 and owner = $3 and finished_at is null`,
    [end.job, end.tick, end.owner, end.outcome, end.detail],
  );
  return rowCount === 1;
}
