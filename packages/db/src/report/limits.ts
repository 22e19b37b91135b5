import type { Queryable } from '../pool.ts';
import { MEASURE_COVERS_KEY } from './covered-key.ts';
import { WITH_OPEN_WINDOW } from './open-window.ts';

/** A limit of the policy in force and one of its subjects. Amounts are US dollars, tokens or requests, as `metric` says. */
export type LimitRow = {
  limit: string;
  selects: string;
  each: 'key' | 'together';
  /** Name or hint of the key; null where all are counted together, or none was used in this window. */
  subject: string | null;
  metric: 'cost' | 'tokens' | 'requests';
  period: string;
  timezone: string;
  used: string;
  provisional: string;
  amount: string;
  percent: number;
  windowStart: Date | null;
  windowEnd: Date | null;
  state: 'within' | 'warned' | 'provisional' | 'over' | 'proposed' | 'approved' | 'suspended';
  onBreach: 'alert' | 'suspend';
  resumeKind: 'next_period' | 'after' | 'manual';
  resumeAfterSeconds: number | null;
  standsForSeconds: number;
};

/**
 * Every limit in force with each subject of its open window, the fullest first. `keyRef` narrows to the limits that
 * count this key.
 */
export async function listLimits(db: Queryable, keyRef?: number): Promise<LimitRow[]> {
  const { rows } = await db.query<LimitRow>(
    `${WITH_OPEN_WINDOW}
     select r.name as limit, m.select_kind || ' ' || m.select_name as selects, m.each_kind as each,
            coalesce(ak.name, ki.hint) as subject, m.metric, m.period, m.timezone, coalesce(w.total, 0) as used,
            coalesce(w.provisional, 0) as provisional, r.amount,
            case when r.amount = 0 then 100 else floor(coalesce(w.total, 0) * 100 / r.amount) end::int as percent,
            calendar.window_start as "windowStart", calendar.window_end as "windowEnd",
            case when h.state = 'in_force' then 'suspended' when h.state is not null then h.state
                 when w.total >= r.amount and b.kind = 'provisional' then 'provisional'
                 when w.total > r.amount or (w.total = r.amount and m.period <> 'sliding_minute') then 'over'
                 when b.kind is not null then 'warned' else 'within' end as state,
            r.on_breach as "onBreach", r.resume_kind as "resumeKind",
            extract(epoch from r.resume_after)::int as "resumeAfterSeconds",
            extract(epoch from r.stands_for)::int as "standsForSeconds"
       from configuration_epoch join limit_rule r using (policy_version_id) join measure m using (measure_id)
       left join lateral window_at(m.period, m.timezone, now()) calendar on m.period <> 'sliding_minute'
       left join open_window w on w.measure_id = m.measure_id
       left join key_identity ki on ki.key_ref::text = w.subject
       left join key_binding kb on kb.key_ref = ki.key_ref and kb.unbound_at is null
       left join api_key ak on ak.api_key_id = kb.api_key_id
       left join lateral (select kind from breach where cause = 'limit' and rule = r.name and generation = r.generation
            and subject = w.subject and (window_start = w.window_start or (m.period = 'sliding_minute' and window_end > now()))
          order by percent desc, kind limit 1) b on true
       left join lateral (select state from hold where cause = 'limit' and rule = r.name and subject = w.subject
            and state in ('proposed', 'approved', 'in_force')
          order by case state when 'in_force' then 0 when 'approved' then 1 else 2 end limit 1) h on true
      where $1::integer is null or (${MEASURE_COVERS_KEY} and coalesce(w.subject, '') in ('', $1::integer::text))
      order by percent desc, r.name, subject`,
    [keyRef ?? null],
  );
  return rows;
}
