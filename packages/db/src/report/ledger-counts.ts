import type { Queryable } from '../pool.ts';

/** How many events the ledger has stored and how many it has quarantined. */
export async function ledgerCounts(db: Queryable): Promise<{ stored: number; quarantined: number }> {
  const { rows } = await db.query<{ stored: string; quarantined: string }>(
    `select (select count(*) from usage_event) as stored, (select count(*) from quarantine) as quarantined`,
  );
  return { stored: Number(rows[0]!.stored), quarantined: Number(rows[0]!.quarantined) };
}
