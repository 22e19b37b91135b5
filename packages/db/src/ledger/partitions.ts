import type { Pool } from '../pool.ts';
import { inTransaction } from '../transaction.ts';

const DAY_MS = 86_400_000;
const PARTITION_LOCK = 7_003;

/** Makes the day partitions of raw rows and minute cells for every UTC day that the two instants touch. */
export async function ensurePartitions(pool: Pool, from: Date, to: Date): Promise<void> {
  const first = Math.floor(from.getTime() / DAY_MS);
  const last = Math.floor(to.getTime() / DAY_MS);
  const statements: string[] = [];
  for (let day = first; day <= last; day++) statements.push(...partitionsOf(day * DAY_MS));
  await inTransaction(pool, async (connection) => {
    // Two processes that make the same partition at once would fail on the catalog's unique index.
    await connection.query('select pg_advisory_xact_lock($1)', [PARTITION_LOCK]);
    await connection.query(statements.join(';\n'));
  });
}

function partitionsOf(dayMs: number): string[] {
  const name = new Date(dayMs).toISOString().slice(0, 10).replaceAll('-', '');
  const next = dayMs + DAY_MS;
  return [
    `create table if not exists usage_event_${name} partition of usage_event
       for values from ('${firstIdAt(dayMs)}') to ('${firstIdAt(next)}')`,
    `create table if not exists usage_minute_${name} partition of usage_minute
       for values from ('${new Date(dayMs).toISOString()}') to ('${new Date(next).toISOString()}') with (fillfactor = 50)`,
  ];
}

/** The lowest UUID whose first 48 bits are this millisecond: every UUIDv7 of the day sorts at or above it. */
export function firstIdAt(ms: number): string {
  const hex = ms.toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}
