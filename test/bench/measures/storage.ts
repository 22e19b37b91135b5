import type { Pool } from '@bursar/db/pool';

export type Storage = { bytesPerEvent: number; minuteCellsPerEvent: number; quarterHourCellsPerEvent: number };

/** Bytes of a raw row with its index, and how many cells the cubes took for one event. */
export async function measureStorage(db: Pool, events: number): Promise<Storage> {
  const { rows } = await db.query<{ bytes: string; minutes: string; quarter_hours: string }>(
    `select (select sum(pg_total_relation_size(inhrelid)) from pg_inherits where inhparent = 'usage_event'::regclass) as bytes,
            (select count(*) from usage_minute) as minutes,
            (select count(*) from usage_quarter_hour) as quarter_hours`,
  );
  const { bytes, minutes, quarter_hours } = rows[0]!;
  return {
    bytesPerEvent: Number(bytes) / events,
    minuteCellsPerEvent: Number(minutes) / events,
    quarterHourCellsPerEvent: Number(quarter_hours) / events,
  };
}
