import type { Queryable } from '../pool.ts';
import type { ApiKeyStatus } from './save-api-keys.ts';

export type ListedApiKey = {
  apiKeyId: string;
  name: string;
  status: ApiKeyStatus;
  hint: string | null;
  workspaceId: string | null;
  /** null when the key has no workspace, or one that was never listed. */
  workspaceName: string | null;
  createdAt: Date;
  /** Off because we switched it off: it comes back when nothing holds it any more. */
  held: boolean;
};

/** The keys that can be used, or could be again: active or inactive, and still listed by Anthropic. */
export async function listApiKeys(db: Queryable): Promise<ListedApiKey[]> {
  const { rows } = await db.query<ListedApiKey>(
    `select api_key_id as "apiKeyId", api_key.name, status, hint, workspace_id as "workspaceId",
            workspace.name as "workspaceName", created_at as "createdAt",
            exists (select from key_control c where c.api_key_id = api_key.api_key_id and c.wanted = 'inactive') as held
       from api_key left join workspace using (workspace_id)
      where gone_at is null and status in ('active', 'inactive')
      order by api_key_id`,
  );
  return rows;
}
