import type { Queryable } from '../pool.ts';
import { SELECTED_DIMENSIONS, TOKENS } from './selected-dimensions.ts';

/** What a subject of a rate limit did in the last minutes. */
export type RateCandidate = {
  policyVersionId: number;
  rule: string;
  generation: number;
  measureId: number;
  subject: string;
  /** The running minute. */
  minuteStart: Date;
  elapsedMs: number;
  /** Whole numbers, oldest first, without gaps; the last is the running minute. */
  minutes: string[];
};

/**
 * The subjects whose rate could have reached the lowest amount at which their limit speaks: the running minute and the
 * whole minute before together reach it. A rate limit that must stand for a while gets as many minutes more.
 * `at` is the database's now unless told.
 */
export async function rateCandidates(db: Queryable, at?: Date): Promise<RateCandidate[]> {
  const { rows } = await db.query<RateCandidate>({ text: CANDIDATES, values: [at ?? null] });
  return rows;
}

const CANDIDATES = `
with clock as materialized (
  select instant, date_trunc('minute', instant) as minute from (values (coalesce($1::timestamptz, now()))) as asked (instant)
), chosen_measure as materialized (
  select r.policy_version_id, r.name as rule, r.generation, m.*,
         ceil(extract(epoch from r.stands_for) / 60)::int + 1 as minutes_before,
         (select min(amount) from limit_threshold t where (t.policy_version_id, t.limit_name) = (r.policy_version_id, r.name)) as lowest
    from configuration_epoch join limit_rule r using (policy_version_id) join measure m using (measure_id)
   where m.period = 'sliding_minute'
), recent as materialized (
  select bucket, dimension_id, requests, ${TOKENS} as tokens
    from usage_minute
   where bucket >= (select minute - max(minutes_before) * interval '1 minute' from clock, chosen_measure group by minute)
     and bucket <= (select minute from clock)
), used_dimension as (
  select * from dimension where dimension_id in (select dimension_id from recent)
), selected as (${SELECTED_DIMENSIONS}
), counted as (
  select m.rule, s.subject, r.bucket, sum(case m.metric when 'tokens' then r.tokens else r.requests end) as amount
    from selected s
    join chosen_measure m using (measure_id)
    join recent r using (dimension_id)
   group by 1, 2, 3
), near as (
  select rule, subject
    from counted join chosen_measure m using (rule) cross join clock
   where bucket >= minute - interval '1 minute'
   group by rule, subject, m.lowest
  having sum(amount) >= m.lowest
)
select m.policy_version_id as "policyVersionId", m.rule, m.generation, m.measure_id as "measureId", n.subject,
       clock.minute as "minuteStart", (extract(epoch from clock.instant - clock.minute) * 1000)::int as "elapsedMs",
       array(select coalesce(c.amount, 0)::text
               from generate_series(clock.minute - m.minutes_before * interval '1 minute', clock.minute, interval '1 minute') as step (bucket)
               left join counted c on (c.rule, c.subject, c.bucket) = (n.rule, n.subject, step.bucket)
              order by step.bucket) as minutes
  from near n join chosen_measure m using (rule) cross join clock
 order by m.rule, n.subject`;
