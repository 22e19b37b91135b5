import type { Queryable } from '../pool.ts';

/** A breach that a schedule found, not the write path. Amounts are decimal text in the measure's unit; 0 for a rotation. */
export type ScheduledBreach = {
  cause: 'limit' | 'rotation';
  rule: string;
  generation: number;
  policyVersionId: number;
  /** null for a rotation. */
  measureId: number | null;
  subject: string;
  windowStart: Date;
  windowEnd: Date;
  kind: 'warning' | 'limit';
  percent: number;
  amount: string;
  total: string;
  source: 'rate' | 'rotation';
};

/**
 * Records breaches that are new and tells the revoker. Of a rate limit, none while a hold for the same rule and subject
 * is in force or was lifted in the last minute, whose traffic would still count; and none of a policy that is no longer
 * in force. Returns how many were recorded.
 */
export async function recordBreaches(db: Queryable, breaches: readonly ScheduledBreach[]): Promise<number> {
  const { rows } = await db.query<{ recorded: number }>(
    `with given as (
       select * from jsonb_to_recordset($1) as given (
         cause text, rule text, generation int, "policyVersionId" int, "measureId" int, subject text,
         "windowStart" timestamptz, "windowEnd" timestamptz, kind text, percent int, amount numeric, total numeric, source text)
     ), recorded as (
       insert into breach (cause, rule, generation, policy_version_id, measure_id, subject, window_start, window_end,
                           kind, percent, amount, total, source)
       select cause, rule, generation, policy_version_id, "measureId", subject, "windowStart", "windowEnd",
              kind, percent, amount, total, source
         from given join configuration_epoch on policy_version_id = "policyVersionId"
        where not (cause = 'limit' and kind = 'limit' and exists (
          select 1 from hold
           where hold.cause = 'limit' and (hold.rule, hold.subject) = (given.rule, given.subject)
             and (hold.state = 'in_force' or (hold.state in ('released', 'overridden')
                  and hold.ended_at > clock_timestamp() - interval '1 minute'))))
        order by rule, subject, percent
       on conflict do nothing
       returning 1
     ), told as (
       select pg_notify('bursar_breach', '') from recorded limit 1
     )
     select (select count(*)::int from recorded) as recorded, (select count(*) from told) as told`,
    [JSON.stringify(breaches)],
  );
  return rows[0]!.recorded;
}
