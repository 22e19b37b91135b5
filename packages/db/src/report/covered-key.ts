/**
 * True when measure `m` counts the key whose key_ref is `$1`. A key counts for the roles, workspaces and services it
 * was ever used with.
 */
export const MEASURE_COVERS_KEY = `(
  case m.select_kind
    when 'key' then $1::integer::text = any (m.resolved)
    when 'role' then m.select_name = '*' or exists
      (select from dimension d where d.key_ref = $1::integer and d.role = m.select_name)
    when 'service' then exists
      (select from dimension d where d.key_ref = $1::integer and d.service = m.select_name)
    else exists (select from dimension d where d.key_ref = $1::integer and d.workspace_id = any (m.resolved))
  end)`;
