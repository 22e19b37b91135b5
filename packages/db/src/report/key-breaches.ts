import type { Queryable } from '../pool.ts';
import { MEASURE_COVERS_KEY } from './covered-key.ts';

export type BreachRow = {
  cause: 'limit' | 'rotation';
  rule: string;
  kind: 'warning' | 'provisional' | 'limit';
  percent: number;
  amount: string;
  total: string;
  metric: 'cost' | 'tokens' | 'requests' | null;
  period: string | null;
  /** Counted together with other keys. */
  together: boolean;
  source: string;
  policyVersion: number;
  windowStart: Date;
  recordedAt: Date;
};

/** Warnings and breaches of the limits that count this key, and of its rotation date; oldest first. */
export async function listBreachesOfKey(
  db: Queryable,
  key: { keyRef: number | null; apiKeyId: string | null },
): Promise<BreachRow[]> {
  const { rows } = await db.query<BreachRow>(
    `select b.cause, b.rule, b.kind, b.percent, b.amount, b.total, m.metric, m.period, (b.subject = '' and m.select_kind <> 'key') as together,
            b.source, b.policy_version_id as "policyVersion", b.window_start as "windowStart",
            b.recorded_at as "recordedAt"
       from breach b left join measure m using (measure_id)
      where (b.cause = 'limit' and (b.subject = $1::integer::text or (b.subject = '' and ${MEASURE_COVERS_KEY})))
         or (b.cause = 'rotation' and b.subject = $2)
      order by b.breach_id`,
    [key.keyRef, key.apiKeyId],
  );
  return rows;
}
