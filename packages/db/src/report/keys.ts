import type { Queryable } from '../pool.ts';
import { POLICY_ENTRY } from './policy-entry.ts';

/** A key of the inventory, a metered key, or both when they are bound to each other. */
export type KeyRow = {
  apiKeyId: string | null;
  keyRef: number | null;
  name: string | null;
  hint: string | null;
  sha256: string | null;
  /** At Anthropic; null when the key is only known from traffic. */
  status: string | null;
  workspaceId: string | null;
  workspace: string | null;
  principal: string | null;
  createdBy: string | null;
  createdAt: Date | null;
  expiresAt: Date | null;
  goneAt: Date | null;
  basis: string | null;
  boundAt: Date | null;
  wanted: string | null;
  observed: string | null;
  observedAt: Date | null;
  /** From the policy's entry of that name. */
  service: string | null;
  role: string | null;
  owner: string | null;
  environment: string | null;
  protected: boolean;
  rotationDueAt: Date | null;
  /** Open reasons why it is, or may soon be, switched off. */
  holds: { cause: string; rule: string; state: string }[];
  firstSeenAt: Date;
  /** Start of the newest minute with a request in the last day, else of the newest quarter hour in the last 35 days. */
  lastUsedAt: Date | null;
};

/** `text` narrows to the keys with exactly this name, id (`apikey_…`), hint or SHA-256. */
export async function listKeys(db: Queryable, text?: string): Promise<KeyRow[]> {
  const { rows } = await db.query<KeyRow>(
    `with ${POLICY_ENTRY}, used as (
       select d.key_ref, max(u.bucket) as last_used_at
         from (select dimension_id, max(bucket) as bucket from usage_quarter_hour
                where bucket > clock_timestamp() - interval '35 days' group by dimension_id
               union all
               select dimension_id, max(bucket) from usage_minute
                where bucket > clock_timestamp() - interval '1 day' group by dimension_id) u
         join dimension d using (dimension_id) group by d.key_ref
     )
     select ak.api_key_id as "apiKeyId", ki.key_ref as "keyRef", ak.name, coalesce(ki.hint, ak.hint) as hint,
            encode(ki.sha256, 'hex') as sha256, known.status, ak.workspace_id as "workspaceId", ws.name as workspace,
            ak.principal, ak.created_by as "createdBy", ak.created_at as "createdAt", ak.expires_at as "expiresAt",
            ak.gone_at as "goneAt", kb.basis, kb.bound_at as "boundAt",
            kc.wanted, kc.observed, kc.observed_at as "observedAt",
            e->>'service' as service, e->>'role' as role, e->>'owner' as owner, e->>'environment' as environment,
            coalesce((e->>'protected')::boolean, false) as protected,
            ak.created_at + (e->>'rotateEveryMs')::numeric * interval '1 millisecond' as "rotationDueAt",
            coalesce(h.holds, '[]') as holds, coalesce(ki.first_seen_at, ak.first_seen_at) as "firstSeenAt",
            used.last_used_at as "lastUsedAt"
       from api_key ak
       left join api_key_status known on known.api_key_id = ak.api_key_id
       left join key_binding kb on kb.api_key_id = ak.api_key_id and kb.unbound_at is null
       full join key_identity ki on ki.key_ref = kb.key_ref
       left join workspace ws on ws.workspace_id = ak.workspace_id
       left join key_control kc on kc.api_key_id = ak.api_key_id
       left join entry on e->>'name' = ak.name
       left join used on used.key_ref = ki.key_ref
       left join lateral (
         select jsonb_agg(jsonb_build_object('cause', cause, 'rule', rule, 'state', state) order by hold_id) as holds
           from hold where api_key_id = ak.api_key_id and state in ('proposed', 'approved', 'in_force')) h on true
      where $1::text is null or $1 in (ak.name, ak.api_key_id, ak.hint, ki.hint, encode(ki.sha256, 'hex'))
      order by ws.name nulls last, ak.name nulls last, ki.hint`,
    [text ?? null],
  );
  return rows;
}
