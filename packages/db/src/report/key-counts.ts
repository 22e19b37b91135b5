import type { Queryable } from '../pool.ts';

export type KeyCounts = { active: number; inactive: number; archived: number; expired: number; unbound: number };

/** Keys by status at Anthropic, and metered keys that no key of the inventory is bound to. */
export async function countKeys(db: Queryable): Promise<KeyCounts> {
  const { rows } = await db.query<KeyCounts>(
    `select count(*) filter (where now.status = 'active')::int as active,
            count(*) filter (where now.status = 'inactive')::int as inactive,
            count(*) filter (where now.status = 'archived')::int as archived,
            count(*) filter (where now.status = 'expired')::int as expired,
            (select count(*)::int from key_identity ki where not exists
              (select from key_binding kb where kb.key_ref = ki.key_ref and kb.unbound_at is null)) as unbound
       from api_key join api_key_status now using (api_key_id) where gone_at is null`,
  );
  return rows[0]!;
}
