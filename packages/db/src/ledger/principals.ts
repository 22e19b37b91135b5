import type { Queryable } from '../pool.ts';

/**
 * The principals under whose names each key has cells on a UTC day. By index throughout: a key's dimensions, then the
 * day's quarter hours of each; of a key that is new it costs nothing.
 */
export async function principalsOf(
  db: Queryable,
  keyRefs: readonly number[],
  dayMs: number,
): Promise<{ keyRef: number; principal: string }[]> {
  const { rows } = await db.query<{ keyRef: number; principal: string }>(
    `select distinct key_ref as "keyRef", principal
       from dimension
      where key_ref = any ($1::int[]) and principal <> ''
        and exists (
              select from usage_quarter_hour cell
               where cell.dimension_id = dimension.dimension_id
                 and cell.bucket = any (array(
                       select generate_series($2::timestamptz, $2::timestamptz + interval '23 hours 45 minutes', interval '15 minutes'))))`,
    [keyRefs, new Date(dayMs)],
  );
  return rows;
}
