import type { Queryable } from '../pool.ts';

export type Ingest = {
  partitions: number;
  /** Aggregator processes that own a partition. */
  owners: number;
  movedAt: Date | null;
  newestOccurredAt: Date | null;
  newestStoredAt: Date | null;
};

/** How far the ledger is: when a partition last moved, and the newest event that was counted. */
export async function loadIngest(db: Queryable): Promise<Ingest> {
  const { rows } = await db.query<Ingest>(
    `select o.*, e.occurred_at as "newestOccurredAt", e.stored_at as "newestStoredAt"
       from (select count(*)::int as partitions, count(distinct owner)::int as owners, max(updated_at) as "movedAt"
               from kafka_offset) o
       left join (select occurred_at, stored_at from usage_event order by event_id desc limit 1) e on true`,
  );
  return rows[0]!;
}
