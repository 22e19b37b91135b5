import type { Queryable } from '../pool.ts';

export type LedgerReach = {
  /** All that Kafka held at this instant the ledger has read; undefined when nobody has compared, or a partition is behind. */
  upTo: Date | undefined;
  /** Partitions that have not read what Kafka held when it was last asked. */
  behind: number[];
};

/** How far the ledger has read the usage topic, by the aggregator's marks. */
export async function ledgerReach(db: Queryable): Promise<LedgerReach> {
  const { rows } = await db.query<{ partition: number; reached: boolean; marked_at: Date }>(
    `select partition, marked_at, coalesce(next_offset, low_offset) >= end_offset as reached
       from kafka_mark left join kafka_offset using (topic, partition)
      where topic = (select topic from kafka_mark order by marked_at desc limit 1)
      order by partition`,
  );
  const behind = rows.filter(({ reached }) => !reached).map(({ partition }) => partition);
  const oldestMs = Math.min(...rows.map(({ marked_at }) => marked_at.getTime()));
  return { upTo: rows.length === 0 || behind.length > 0 ? undefined : new Date(oldestMs), behind };
}

/** Who was last heard before this instant is silent: for so long up to where the ledger has read. Nobody, when it is behind. */
export function silentBefore({ upTo }: LedgerReach, silentAfterMs: number): Date {
  return new Date(upTo === undefined ? 0 : upTo.getTime() - silentAfterMs);
}

/** For a reach without `upTo`, in words. */
export function whyBehind({ behind }: LedgerReach): string {
  if (behind.length === 0) return 'no aggregator has compared the ledger with Kafka yet';
  return `the ledger is behind Kafka on partition ${behind.join(', ')}`;
}
