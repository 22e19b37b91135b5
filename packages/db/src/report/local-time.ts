import type { Queryable } from '../pool.ts';

/** The instant of a wall-clock time (`2026-11-01` or `2026-11-01T08:00`) in an IANA zone. */
export async function instantOfLocalTime(db: Queryable, localTime: string, zone: string): Promise<Date> {
  const { rows } = await db.query<{ at: Date }>('select first_showing($1::timestamp, $2) as at', [localTime, zone]);
  return rows[0]!.at;
}

/** Midnight in an IANA zone, this many days before today. */
export async function midnightDaysAgo(db: Queryable, days: number, zone: string): Promise<Date> {
  const { rows } = await db.query<{ at: Date }>(
    `select first_showing(date_trunc('day', clock_timestamp() at time zone $2) - $1 * interval '1 day', $2) as at`,
    [days, zone],
  );
  return rows[0]!.at;
}
