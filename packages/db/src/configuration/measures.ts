import type { Queryable } from '../pool.ts';

/** A measure as the write path needs it: which dimensions it sums, and how. */
export type ActiveMeasure = {
  measureId: number;
  selectKind: 'key' | 'role' | 'workspace' | 'service';
  selectName: string;
  eachKind: 'key' | 'together';
  metric: 'cost' | 'tokens' | 'requests';
  period: string;
  timezone: string;
  /** key_refs or workspace ids as text; undefined for role and service. */
  resolved: readonly string[] | undefined;
  /** Windows that begin earlier are not added to. */
  countedFrom: Date;
};

export type Configuration = {
  epoch: bigint;
  policyVersionId: number | undefined;
  priceBookId: number | undefined;
  measures: readonly ActiveMeasure[];
};

/** The epoch and what it stands for, read in one snapshot. */
export async function loadConfiguration(db: Queryable): Promise<Configuration> {
  const { rows } = await db.query<{
    epoch: string;
    policy_version_id: number | null;
    price_book_id: number | null;
    measures: (Omit<ActiveMeasure, 'resolved' | 'countedFrom'> & { resolved: string[] | null; countedFrom: string })[];
  }>(
    `select epoch, policy_version_id, price_book_id,
            (select coalesce(jsonb_agg(distinct jsonb_build_object(
                      'measureId', m.measure_id, 'selectKind', m.select_kind, 'selectName', m.select_name,
                      'eachKind', m.each_kind, 'metric', m.metric, 'period', m.period, 'timezone', m.timezone,
                      'resolved', m.resolved, 'countedFrom', m.counted_from)), '[]')
               from limit_rule r join measure m using (measure_id)
              where r.policy_version_id = e.policy_version_id) as measures
       from configuration_epoch e`,
  );
  const row = rows[0]!;
  return {
    epoch: BigInt(row.epoch),
    policyVersionId: row.policy_version_id ?? undefined,
    priceBookId: row.price_book_id ?? undefined,
    measures: row.measures.map((measure) => ({
      ...measure,
      resolved: measure.resolved ?? undefined,
      countedFrom: new Date(measure.countedFrom),
    })),
  };
}
