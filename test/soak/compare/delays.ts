import { firstIdAt } from '@bursar/db/ledger/partitions';
import type { Pool } from '@bursar/db/pool';
import type { Incurred } from '../chaos/world.ts';

export type Delays = { readonly p50Ms: number; readonly p99Ms: number; readonly worstMs: number };

const MADE_AT = 'uuid_extract_timestamp(event_id)';

/** From the making of an event to its row, by the clock that generator and database share. */
export async function delays(db: Pool): Promise<Delays> {
  const { rows } = await db.query<{ p50: number; p99: number; worst: number }>(
    `select percentile_cont(0.5) within group (order by ms) as p50, percentile_cont(0.99) within group (order by ms) as p99,
            max(ms) as worst
       from (select extract(epoch from stored_at - ${MADE_AT})::float8 * 1000 as ms from usage_event) delay`,
  );
  const { p50, p99, worst } = rows[0]!;
  return { p50Ms: p50, p99Ms: p99, worstMs: worst };
}

/** How long after the end of each fault the last event made around it was stored. */
export async function recoveries(db: Pool, incurred: readonly Incurred[]): Promise<{ what: string; ms: number }[]> {
  const found: { what: string; ms: number }[] = [];
  for (const { what, fromMs, toMs } of incurred) {
    const { rows } = await db.query<{ last: Date | null }>(
      'select max(stored_at) as last from usage_event where event_id >= $1 and event_id < $2',
      [firstIdAt(fromMs - 1_000), firstIdAt(toMs + 1_000)],
    );
    const lastMs = rows[0]!.last?.getTime() ?? toMs;
    found.push({ what, ms: Math.max(0, lastMs - toMs) });
  }
  return found;
}
