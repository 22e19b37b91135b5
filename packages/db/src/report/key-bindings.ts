import type { Queryable } from '../pool.ts';

export type BindingRow = { apiKeyId: string; basis: string; boundAt: Date; unboundAt: Date | null };

/** Which keys of the inventory a metered key was bound to, oldest first. */
export async function listBindings(db: Queryable, keyRef: number): Promise<BindingRow[]> {
  const { rows } = await db.query<BindingRow>(
    `select api_key_id as "apiKeyId", basis, bound_at as "boundAt", unbound_at as "unboundAt"
       from key_binding where key_ref = $1 order by key_binding_id`,
    [keyRef],
  );
  return rows;
}
