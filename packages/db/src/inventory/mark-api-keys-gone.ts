import type { Queryable } from '../pool.ts';

/**
 * Marks keys that a complete listing, begun at `listedFrom`, no longer shows, with their history. Returns their ids.
 * What another sync has seen since is not touched.
 */
export async function markApiKeysGone(db: Queryable, listedFrom: Date): Promise<string[]> {
  const { rows } = await db.query<{ api_key_id: string }>(
    `with gone as (
       update api_key set gone_at = clock_timestamp()
        where gone_at is null and last_seen_at < $1
       returning api_key_id, gone_at
     )
     insert into api_key_change (api_key_id, field, before, after)
     select api_key_id, 'gone_at', null, gone_at::text from gone
     returning api_key_id`,
    [listedFrom],
  );
  return rows.map((row) => row.api_key_id);
}
