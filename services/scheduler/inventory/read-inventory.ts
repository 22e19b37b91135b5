import type Anthropic from '@anthropic-ai/sdk';
import { APIError } from '@anthropic-ai/sdk';
import type { APIKey } from '@anthropic-ai/sdk/resources/organization/api-keys';
import type { Workspace } from '@anthropic-ai/sdk/resources/organization/workspaces/workspaces';
import type { ApiKeyRecord } from '@bursar/db/inventory/save-api-keys';
import type { WorkspaceRecord } from '@bursar/db/inventory/save-workspaces';
import type { Patience } from './patient.ts';

const KEYS_PER_PAGE = 100;
const WORKSPACES_PER_PAGE = 100;

/** The Admin API stopped paging before it had shown everything: nothing may be concluded from what is missing. */
export class IncompleteListingError extends Error {
  override readonly name = 'IncompleteListingError';
}

/** Every API key of the organization, whatever its status. Throws IncompleteListingError, or the SDK's own error. */
export async function readApiKeys(client: Anthropic, patience: Patience): Promise<ApiKeyRecord[]> {
  const keys = await readPages('API keys', patience, () => client.organization.apiKeys.list({ limit: KEYS_PER_PAGE }));
  return [...new Map(keys.map((key) => [key.id, toRecord(key)])).values()];
}

/** Every workspace, archived and default included, with the rate limits of those in use. */
export async function readWorkspaces(client: Anthropic, patience: Patience): Promise<WorkspaceRecord[]> {
  const query = { limit: WORKSPACES_PER_PAGE, include_archived: true, include_default: true };
  const workspaces = await readPages('workspaces', patience, () => client.organization.workspaces.list(query));
  const records: WorkspaceRecord[] = [];
  for (const workspace of new Map(workspaces.map((each) => [each.id, each])).values()) {
    const { id, name, archived_at } = workspace;
    const rateLimits = await readRateLimits(client, patience, workspace);
    records.push({ workspaceId: id, name, archivedAt: archived_at, rateLimits });
  }
  return records;
}

async function readRateLimits(client: Anthropic, patience: Patience, workspace: Workspace): Promise<unknown[] | null> {
  if (workspace.archived_at !== null) return null;
  try {
    const { rateLimits } = client.organization.workspaces;
    const groups = await readPages('rate limits', patience, () => rateLimits.list(workspace.id));
    return groups.map(({ rate_limit_id, group, limits }) => ({ rate_limit_id, group, limits }));
  } catch (error) {
    // Some organizations and workspaces have no rate limits to show; that must not hide the keys.
    if (error instanceof APIError && (error.status === 403 || error.status === 404)) return null;
    throw error;
  }
}

type PageOf<Item> = {
  getPaginatedItems(): Item[];
  hasNextPage(): boolean;
  getNextPage(): Promise<PageOf<Item>>;
  has_more?: boolean;
};

async function readPages<Item>(
  what: string,
  patience: Patience,
  first: () => PromiseLike<PageOf<Item>>,
): Promise<Item[]> {
  const items: Item[] = [];
  let page = await patience(async () => await first());
  for (;;) {
    items.push(...page.getPaginatedItems());
    if (!page.hasNextPage()) break;
    const current = page;
    page = await patience(() => current.getNextPage());
  }
  if (page.has_more === true) {
    throw new IncompleteListingError(`The Admin API ended its list of ${what} with more to come.`);
  }
  return items;
}

function toRecord(key: APIKey): ApiKeyRecord {
  return {
    apiKeyId: key.id,
    name: key.name,
    status: key.status,
    hint: key.partial_key_hint,
    workspaceId: key.scope.type === 'workspace' ? key.scope.workspace_id : null,
    createdBy: key.created_by?.id ?? null,
    principal: principalId(key.principal),
    createdAt: key.created_at,
    expiresAt: key.expires_at,
  };
}

function principalId(principal: APIKey['principal']): string | null {
  if (principal === null) return null;
  return principal.type === 'user_actor' ? principal.user_id : principal.service_account_id;
}
