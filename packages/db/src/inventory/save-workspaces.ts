import type { Queryable } from '../pool.ts';

export type WorkspaceRecord = {
  workspaceId: string;
  name: string;
  /** RFC 3339, null while in use. */
  archivedAt: string | null;
  /** As the Admin API lists them; null keeps what is known. */
  rateLimits: readonly unknown[] | null;
};

/** Stores workspaces as they are now. Returns how many are new, renamed, archived or back. */
export async function saveWorkspaces(db: Queryable, workspaces: readonly WorkspaceRecord[]): Promise<number> {
  const { rows } = await db.query<{ changed: number }>(
    `with given as (
       select * from jsonb_to_recordset($1)
         as given ("workspaceId" text, name text, "archivedAt" timestamptz, "rateLimits" jsonb)
     ), saved as (
       insert into workspace as known (workspace_id, name, archived_at, rate_limits)
       select "workspaceId", name, "archivedAt", coalesce(nullif("rateLimits", 'null'), '[]') from given order by 1
       on conflict (workspace_id) do update
       set name = excluded.name,
           archived_at = excluded.archived_at,
           rate_limits = coalesce(
             (select nullif("rateLimits", 'null') from given where "workspaceId" = excluded.workspace_id), known.rate_limits),
           last_seen_at = clock_timestamp()
     )
     select count(*)::int as changed
       from given left join workspace before on before.workspace_id = given."workspaceId"
      where (before.name, before.archived_at) is distinct from (given.name, given."archivedAt")`,
    [JSON.stringify(workspaces)],
  );
  return rows[0]!.changed;
}
