/**
 * Body of a CTE (measure_id, dimension_id, subject): which dimensions each measure sums, and for whom. It reads the
 * CTEs chosen_measure (rows of measure) and used_dimension (rows of dimension). One branch per kind of selector,
 * so that each is an equality the planner can hash, however many keys a limit names.
 */
export const SELECTED_DIMENSIONS = `
  select measure_id, dimension_id, case each_kind when 'key' then key_ref::text else '' end as subject
    from (
      select m.measure_id, m.each_kind, d.dimension_id, d.key_ref
        from chosen_measure m cross join unnest(m.resolved) as meant (name)
        join used_dimension d on d.key_ref::text = meant.name
       where m.select_kind = 'key'
      union all
      select m.measure_id, m.each_kind, d.dimension_id, d.key_ref
        from chosen_measure m cross join unnest(m.resolved) as meant (name)
        join used_dimension d on d.workspace_id = meant.name
       where m.select_kind = 'workspace'
      union all
      select m.measure_id, m.each_kind, d.dimension_id, d.key_ref
        from chosen_measure m join used_dimension d on d.role = m.select_name
       where m.select_kind = 'role'
      union all
      select m.measure_id, m.each_kind, d.dimension_id, d.key_ref
        from chosen_measure m cross join used_dimension d
       where m.select_kind = 'role' and m.select_name = '*'
      union all
      select m.measure_id, m.each_kind, d.dimension_id, d.key_ref
        from chosen_measure m join used_dimension d on d.service = m.select_name
       where m.select_kind = 'service'
    ) as matching`;

/** The tokens of a cube's cell that a measure of tokens counts. */
export const TOKENS =
  'input_tokens + output_tokens + cache_read_tokens + cache_write_5m_tokens + cache_write_1h_tokens';
