import type { Queryable } from '../pool.ts';
import { SELECTED_DIMENSIONS, TOKENS } from './selected-dimensions.ts';

export type MissedBreach = {
  rule: string;
  subject: string;
  kind: 'warning' | 'provisional' | 'limit';
  percent: number;
  windowStart: string;
  /** Decimal text in the measure's unit (USD, tokens, requests). */
  amount: string;
  total: string;
};

/** The windows of one measure that don't hold what the cube adds up to; the first few of them, with all numbers. */
export type WindowDrift = {
  measure: string;
  windows: number;
  first: {
    subject: string;
    windowStart: string;
    derivedTotal: string;
    storedTotal: string;
    derivedProvisional: string;
    storedProvisional: string;
  }[];
};

export type WindowSweep = { windows: number; missed: MissedBreach[]; drifts: WindowDrift[] };

/**
 * Derives every open fixed window of the policy in force from the cubes, judges it, and compares it with limit_window:
 * one statement, so one snapshot, so a batch is seen whole or not at all. Shares nothing with the write path but the
 * cubes and the amounts. Breaches that were not there are recorded with source 'sweep' and the revoker is told.
 * A window is open at `at`, the database's now unless told.
 */
export async function sweepWindows(db: Queryable, at?: Date): Promise<WindowSweep> {
  const { rows } = await db.query<WindowSweep>({ text: SWEEP, values: [at ?? null] });
  const { windows, missed, drifts } = rows[0]!;
  return { windows, missed, drifts };
}

const CELL_SUMS = `
  sum(requests) as requests, sum(${TOKENS}) as tokens,
  sum(cost_firm_usd + cost_estimated_usd + cost_provisional_usd) as cost, sum(cost_provisional_usd) as cost_provisional`;

const SWEEP = `
with version as (
  select policy_version_id from configuration_epoch where policy_version_id is not null
), threshold as materialized (
  select t.*, r.generation
    from version
    join limit_threshold t using (policy_version_id)
    join limit_rule r on r.policy_version_id = t.policy_version_id and r.name = t.limit_name
), chosen_measure as materialized (
  select m.*, w.window_start, w.window_end
    from measure m cross join lateral window_at(m.period, m.timezone, coalesce($1, now())) w
   where m.period <> 'sliding_minute'
     and m.measure_id in (select measure_id from limit_rule join version using (policy_version_id))
), bounds as materialized (
  select array_agg(distinct bound order by bound) as bounds
    from chosen_measure cross join lateral (values (window_start), (window_end)) as edge (bound)
   where period <> 'minute'
), segment as materialized (
  select width_bucket(bucket, bounds) as segment, dimension_id, ${CELL_SUMS}
    from usage_quarter_hour cross join bounds
   where bucket >= (select bounds[1] from bounds) and bucket < (select bounds[cardinality(bounds)] from bounds)
   group by 1, 2
), cell as materialized (
  select w.window_start, w.window_end, dimension_id, sum(requests) as requests, sum(tokens) as tokens,
         sum(cost) as cost, sum(cost_provisional) as cost_provisional
    from (select distinct window_start, window_end from chosen_measure where period <> 'minute') w
   cross join bounds
    join segment s on s.segment >= width_bucket(w.window_start, bounds) and s.segment < width_bucket(w.window_end, bounds)
   group by 1, 2, 3
  union all
  select w.window_start, w.window_end, dimension_id, ${CELL_SUMS}
    from (select distinct window_start, window_end from chosen_measure where period = 'minute') w
    join usage_minute q on q.bucket = w.window_start
   group by 1, 2, 3
), used_dimension as (
  select * from dimension where dimension_id in (select dimension_id from cell)
), selected as (${SELECTED_DIMENSIONS}
), derived as materialized (
  select m.measure_id, s.subject, m.window_start, m.window_end,
         sum(case m.metric when 'cost' then c.cost when 'tokens' then c.tokens else c.requests end) as total,
         sum(case m.metric when 'cost' then c.cost_provisional else 0 end) as provisional
    from selected s
    join chosen_measure m using (measure_id)
    join cell c on c.dimension_id = s.dimension_id and c.window_start = m.window_start and c.window_end = m.window_end
   group by 1, 2, 3, 4
), judged as (
  select d.*, t.policy_version_id, t.limit_name, t.generation, t.percent, t.amount,
         case
           when t.kind = 'warning' then case when d.total >= t.amount then 'warning' end
           when d.total - d.provisional >= t.amount then 'limit'
           when d.total >= t.amount then 'provisional'
         end as kind
    from derived d join threshold t using (measure_id)
), missed as (
  insert into breach (cause, rule, generation, policy_version_id, measure_id, subject, window_start, window_end,
                      kind, percent, amount, total, provisional, source)
  select 'limit', limit_name, generation, policy_version_id, measure_id, subject, window_start, window_end,
         kind, percent, amount, total, provisional, 'sweep'
    from judged
   where kind is not null
   order by measure_id, subject, percent
  on conflict do nothing
  returning rule, subject, kind, percent, window_start, amount, total
), told as (
  select pg_notify('bursar_breach', '') from missed limit 1
), stored as (
  select w.measure_id, w.subject, w.total, w.provisional
    from limit_window w join chosen_measure m using (measure_id, window_start)
), compared as (
  select measure_id, subject, d.total as derived_total, s.total as stored_total,
         d.provisional as derived_provisional, s.provisional as stored_provisional
    from derived d full join stored s using (measure_id, subject)
), different as (
  select c.*, row_number() over (partition by measure_id order by subject) as position
    from compared c
   where coalesce(derived_total, 0) <> coalesce(stored_total, 0)
      or coalesce(derived_provisional, 0) <> coalesce(stored_provisional, 0)
), drift as (
  select m.definition, count(*) as windows,
         jsonb_agg(jsonb_build_object(
           'subject', subject, 'windowStart', m.window_start,
           'derivedTotal', coalesce(derived_total, 0)::text, 'storedTotal', coalesce(stored_total, 0)::text,
           'derivedProvisional', coalesce(derived_provisional, 0)::text,
           'storedProvisional', coalesce(stored_provisional, 0)::text) order by subject)
           filter (where position <= 20) as first
    from different join chosen_measure m using (measure_id)
   group by m.definition
)
select (select count(*)::int from compared) as windows,
       (select coalesce(jsonb_agg(jsonb_build_object(
          'rule', rule, 'subject', subject, 'kind', kind, 'percent', percent, 'windowStart', window_start,
          'amount', amount::text, 'total', total::text) order by rule, subject, percent), '[]') from missed) as missed,
       (select coalesce(jsonb_agg(jsonb_build_object('measure', definition, 'windows', windows, 'first', first)
          order by definition), '[]') from drift) as drifts,
       (select count(*) from told) as told`;
