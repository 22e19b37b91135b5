/**
 * The common table `open_window`: what each measure and subject has used in the window that is open now. A sliding
 * rate is the running minute plus the share of the one before that is less than a minute ago; a subject that is held
 * and used nothing since has its row too.
 */
export const WITH_OPEN_WINDOW = `
  with rate as (
    select m.measure_id, case m.each_kind when 'key' then d.key_ref::text else '' end as subject,
           floor(sum((case m.metric when 'requests' then u.requests
                                    else u.input_tokens + u.output_tokens + u.cache_read_tokens
                                         + u.cache_write_5m_tokens + u.cache_write_1h_tokens end)
             * case when u.bucket = date_trunc('minute', now()) then 1 else 1 - extract(second from now()) / 60 end)) as total
      from measure m
      join usage_minute u on u.bucket between date_trunc('minute', now()) - interval '1 minute' and now()
      join dimension d on d.dimension_id = u.dimension_id
       and case m.select_kind when 'role' then m.select_name in ('*', d.role)
                              when 'service' then d.service = m.select_name
                              when 'key' then d.key_ref::text = any (m.resolved)
                              else d.workspace_id = any (m.resolved) end
     where m.period = 'sliding_minute' group by m.measure_id, 2
  ), used as (
    select measure_id, subject, window_start, total, provisional from limit_window
     where window_start <= now() and window_end > now()
    union all
    select measure_id, subject, date_trunc('minute', now()), total, 0 from rate
  ), open_window as (
    select * from used
    union all
    select distinct r.measure_id, h.subject, null::timestamptz, 0, 0
      from hold h join limit_rule r on r.name = h.rule join configuration_epoch e using (policy_version_id)
     where h.cause = 'limit' and h.state in ('proposed', 'approved', 'in_force')
       and not exists (select from used where used.measure_id = r.measure_id and used.subject = h.subject)
  )`;
