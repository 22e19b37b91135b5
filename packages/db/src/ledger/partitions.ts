import type { Pool } from '../pool.ts';

/** Makes the day partitions of raw rows and minute cells for every UTC day that the two instants touch. */
export async function ensurePartitions(pool: Pool, from: Date, to: Date): Promise<void> {
  await pool.query('select ensure_partitions($1::date, $2::date)', [utcDay(from), utcDay(to)]);
}

function utcDay(instant: Date): string {
  return instant.toISOString().slice(0, 10);
}

/** The lowest UUID whose first 48 bits are this millisecond: every UUIDv7 of the day sorts at or above it. */
export function firstIdAt(ms: number): string {
  const hex = ms.toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}
