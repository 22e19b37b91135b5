import type { Queryable } from '../pool.ts';
import { POLICY_ENTRY } from './policy-entry.ts';

export type WorkspaceRow = {
  /** null: keys of the whole organization, and metered keys that say no workspace. */
  workspaceId: string | null;
  workspace: string | null;
  archivedAt: Date | null;
  /** null: a workspace without keys. */
  key: string | null;
  hint: string | null;
  apiKeyId: string | null;
  status: string | null;
  /** The policy's for the key of that name, else the one it was last used with. */
  role: string | null;
  spentThisMonthUsd: string;
};

/** Workspaces with their keys and what each key spent in this calendar month of the zone, whatever its cost basis. */
export async function listWorkspaces(db: Queryable, zone: string): Promise<WorkspaceRow[]> {
  const { rows } = await db.query<WorkspaceRow>(
    `with ${POLICY_ENTRY}, spent as (
       select d.key_ref, sum(u.cost_firm_usd + u.cost_estimated_usd + u.cost_provisional_usd) as usd
         from usage_quarter_hour u join dimension d using (dimension_id)
        where u.bucket >= (select window_start from window_at('month', $1, clock_timestamp())) group by d.key_ref
     ), used_as as (
       select distinct on (key_ref) key_ref, role, nullif(workspace_id, '') as workspace_id
         from dimension order by key_ref, dimension_id desc
     ), known as (
       select coalesce(ak.workspace_id, case when ak.api_key_id is null then used_as.workspace_id end) as workspace_id,
              ak.name, coalesce(ki.hint, ak.hint) as hint, ak.api_key_id, now.status,
              coalesce(e->>'role', used_as.role) as role, coalesce(spent.usd, 0) as usd
         from api_key ak
         left join api_key_status now on now.api_key_id = ak.api_key_id
         left join key_binding kb on kb.api_key_id = ak.api_key_id and kb.unbound_at is null
         full join key_identity ki on ki.key_ref = kb.key_ref
         left join entry on e->>'name' = ak.name
         left join used_as on used_as.key_ref = ki.key_ref
         left join spent on spent.key_ref = ki.key_ref
     )
     select coalesce(ws.workspace_id, k.workspace_id) as "workspaceId", ws.name as workspace,
            ws.archived_at as "archivedAt", k.name as key, k.hint, k.api_key_id as "apiKeyId", k.status, k.role,
            coalesce(k.usd, 0) as "spentThisMonthUsd"
       from workspace ws full join known k on k.workspace_id = ws.workspace_id
      order by ws.name nulls last, k.usd desc nulls last, k.name`,
    [zone],
  );
  return rows;
}
