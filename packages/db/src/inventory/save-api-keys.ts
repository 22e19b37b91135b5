import type { Queryable } from '../pool.ts';

export type ApiKeyStatus = 'active' | 'inactive' | 'archived' | 'expired';

/** A key as the Admin API shows it; its secret is never shown. Instants are RFC 3339. */
export type ApiKeyRecord = {
  apiKeyId: string;
  name: string;
  status: ApiKeyStatus;
  hint: string | null;
  /** null when the key reaches the whole organization. */
  workspaceId: string | null;
  /** The user or service account that made it. */
  createdBy: string | null;
  /** The user or service account it acts as. */
  principal: string | null;
  createdAt: string;
  expiresAt: string | null;
};

/** `field` is a column of api_key; `gone_at` when the key is listed again. */
export type ApiKeyChange = { apiKeyId: string; field: string; before: string | null; after: string | null };

/**
 * Stores keys as they are now, each changed field with its history. No id twice.
 * Returns the keys seen for the first time and every change.
 */
export async function saveApiKeys(
  db: Queryable,
  keys: readonly ApiKeyRecord[],
): Promise<{ added: number; changes: ApiKeyChange[] }> {
  const { rows } = await db.query<{ added: number; changes: ApiKeyChange[] }>(
    `with given as (
       select * from jsonb_to_recordset($1) as given (
         "apiKeyId" text, name text, status text, hint text, "workspaceId" text, "createdBy" text, principal text,
         "createdAt" timestamptz, "expiresAt" timestamptz)
     ), changed as (
       insert into api_key_change (api_key_id, field, before, after)
       select before.api_key_id, changed.field, changed.before, changed.after
         from given join api_key before on before.api_key_id = given."apiKeyId"
        cross join lateral (values
          ('name', before.name, given.name),
          ('status', before.status, given.status),
          ('hint', before.hint, given.hint),
          ('workspace_id', before.workspace_id, given."workspaceId"),
          ('created_by', before.created_by, given."createdBy"),
          ('principal', before.principal, given.principal),
          ('expires_at', before.expires_at::text, given."expiresAt"::text),
          ('gone_at', before.gone_at::text, null)
        ) as changed (field, before, after)
        where changed.before is distinct from changed.after
        order by 1, 2
       returning api_key_id, field, before, after
     ), saved as (
       insert into api_key (api_key_id, name, status, hint, workspace_id, created_by, principal, created_at, expires_at)
       select "apiKeyId", name, status, hint, "workspaceId", "createdBy", principal, "createdAt", "expiresAt"
         from given order by 1
       on conflict (api_key_id) do update
       set name = excluded.name, status = excluded.status, hint = excluded.hint, workspace_id = excluded.workspace_id,
           created_by = excluded.created_by, principal = excluded.principal, expires_at = excluded.expires_at,
           gone_at = null, last_seen_at = clock_timestamp()
     )
     select (select count(*)::int from given
              where not exists (select 1 from api_key before where before.api_key_id = given."apiKeyId")) as added,
            coalesce((select jsonb_agg(jsonb_build_object(
              'apiKeyId', api_key_id, 'field', field, 'before', before, 'after', after)) from changed), '[]') as changes`,
    [JSON.stringify(keys)],
  );
  return rows[0]!;
}
