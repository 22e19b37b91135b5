import type { Queryable } from '../pool.ts';

/** The clock that every time in the reports was taken from. */
export async function readDatabaseClock(db: Queryable): Promise<Date> {
  const { rows } = await db.query<{ now: Date }>('select clock_timestamp() as now');
  return rows[0]!.now;
}
