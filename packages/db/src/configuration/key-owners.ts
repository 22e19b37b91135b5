import type { Queryable } from '../pool.ts';
import { POLICY_ENTRY } from '../report/policy-entry.ts';

/** A key of the inventory that the policy in force gives to a service; the metered key that is bound to it, if any. */
export type OwnedKey = { hint: string; service: string; boundSha256: string | null };

export async function ownedKeys(db: Queryable): Promise<OwnedKey[]> {
  const { rows } = await db.query<OwnedKey>(
    `with ${POLICY_ENTRY}
     select k.hint, e ->> 'service' as service, encode(i.sha256, 'hex') as "boundSha256"
       from entry join api_key k on k.name = e ->> 'name'
       left join key_binding b on b.api_key_id = k.api_key_id and b.unbound_at is null
       left join key_identity i on i.key_ref = b.key_ref`,
  );
  return rows;
}
