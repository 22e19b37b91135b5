import type { Queryable } from '../pool.ts';

export type Progress = { stored: number; spentUsd: string; keysOff: number };

/** How much has been metered, what it cost (exact decimal text) and how many keys Bursar holds off now. */
export async function loadProgress(db: Queryable): Promise<Progress> {
  const { rows } = await db.query<{ stored: string; spent: string; off: string }>(
    `select (select count(*) from usage_event) as stored,
            (select coalesce(sum(cost_firm_usd + cost_estimated_usd + cost_provisional_usd), 0) from usage_quarter_hour) as spent,
            (select count(*) from key_control where wanted = 'inactive') as off`,
  );
  const row = rows[0]!;
  return { stored: Number(row.stored), spentUsd: row.spent, keysOff: Number(row.off) };
}
