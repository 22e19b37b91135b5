import type { Connection } from '../pool.ts';

/** Measures of a version whose windows were not kept until now, or whose selector means something else than at the last activation. */
export async function staleMeasures(connection: Connection, versionId: number): Promise<number[]> {
  const { rows } = await connection.query<{ measure_id: number }>(
    `select distinct m.measure_id
       from limit_rule r join measure m using (measure_id) join measure_resolution now_is using (measure_id)
      where r.policy_version_id = $1
        and (m.counted_from = 'infinity'
             or m.resolved is distinct from now_is.resolved
             or not exists (select 1 from limit_rule active
                             where active.measure_id = m.measure_id
                               and active.policy_version_id = (select policy_version_id from configuration_epoch)))
      order by m.measure_id`,
    [versionId],
  );
  return rows.map((row) => row.measure_id);
}

/**
 * Derives the open windows of these measures from the cubes, in the snapshot of an activation:
 * what was counted before a limit or a binding existed counts from now on.
 */
export async function rebuildWindows(connection: Connection, measureIds: readonly number[]): Promise<void> {
  if (measureIds.length === 0) return;
  await connection.query(
    `update measure m set resolved = now_is.resolved,
            counted_from = case when period = 'sliding_minute' then clock_timestamp() else (window_at(period, timezone, clock_timestamp())).window_start end
       from measure_resolution now_is where now_is.measure_id = m.measure_id and m.measure_id = any ($1::int[])`,
    [measureIds],
  );
  await connection.query(
    'delete from limit_window where measure_id = any ($1::int[]) and window_end > clock_timestamp()',
    [measureIds],
  );
  for (const cube of ['usage_minute', 'usage_quarter_hour'] as const) await sumWindows(connection, cube, measureIds);
}

/** Minute windows come from the minute cube; quarter hours add up to every longer window of any zone. */
async function sumWindows(
  connection: Connection,
  cube: 'usage_minute' | 'usage_quarter_hour',
  measureIds: readonly number[],
): Promise<void> {
  const periods = cube === 'usage_minute' ? `period = 'minute'` : `period not in ('minute', 'sliding_minute')`;
  await connection.query(
    `with bucket_window as materialized (
       select m.measure_id, b.bucket, w.window_start, w.window_end
         from measure m
        cross join lateral (select distinct bucket from ${cube} where bucket >= m.counted_from) b
        cross join lateral window_at(m.period, m.timezone, b.bucket) w
        where m.measure_id = any ($1::int[]) and ${periods}
     )
     insert into limit_window (measure_id, subject, window_start, window_end, total, provisional)
     select m.measure_id,
            case m.each_kind when 'key' then d.key_ref::text else '' end as subject,
            w.window_start,
            w.window_end,
            sum(case m.metric
                  when 'cost' then c.cost_firm_usd + c.cost_estimated_usd + c.cost_provisional_usd
                  when 'tokens' then c.input_tokens + c.output_tokens + c.cache_read_tokens + c.cache_write_5m_tokens + c.cache_write_1h_tokens
                  else c.requests
                end),
            sum(case m.metric when 'cost' then c.cost_provisional_usd else 0 end)
       from bucket_window w
       join measure m using (measure_id)
       join ${cube} c using (bucket)
       join dimension d using (dimension_id)
      where case m.select_kind
              when 'key' then d.key_ref::text = any (m.resolved)
              when 'workspace' then d.workspace_id = any (m.resolved)
              when 'role' then m.select_name in ('*', d.role)
              else m.select_name = d.service
            end
      group by m.measure_id, 2, w.window_start, w.window_end
      order by m.measure_id, 2, w.window_start`,
    [measureIds],
  );
}

/** Judges every open window of a version: a lowered limit acts at its activation. Returns how many breaches it recorded. */
export async function judgeOpenWindows(connection: Connection, versionId: number): Promise<number> {
  const { rowCount } = await connection.query(
    `insert into breach (cause, rule, generation, policy_version_id, measure_id, subject, window_start, window_end,
                         kind, percent, amount, total, provisional, source)
     select 'limit', t.limit_name, r.generation, $1, w.measure_id, w.subject, w.window_start, w.window_end,
            case when t.kind = 'warning' then 'warning' when w.total - w.provisional >= t.amount then 'limit' else 'provisional' end,
            t.percent, t.amount, w.total, w.provisional, 'activation'
       from limit_threshold t
       join limit_rule r on r.policy_version_id = t.policy_version_id and r.name = t.limit_name
       join limit_window w on w.measure_id = t.measure_id and w.window_end > clock_timestamp()
      where t.policy_version_id = $1 and w.total >= t.amount
     on conflict do nothing`,
    [versionId],
  );
  return rowCount ?? 0;
}
