import type Anthropic from '@anthropic-ai/sdk';
import { listApiKeys } from '@bursar/db/inventory/list-api-keys';
import { markApiKeysGone } from '@bursar/db/inventory/mark-api-keys-gone';
import { notifyConfiguration } from '@bursar/db/inventory/notify-configuration';
import { pinOrganization } from '@bursar/db/inventory/pin-organization';
import { type ApiKeyChange, saveApiKeys } from '@bursar/db/inventory/save-api-keys';
import { saveWorkspaces } from '@bursar/db/inventory/save-workspaces';
import type { Pool, Queryable } from '@bursar/db/pool';
import { inRetriedTransaction } from '@bursar/db/transaction';
import { ExitError } from '@bursar/runtime/exit-error';
import { patientUntil } from './patient.ts';
import { IncompleteListingError, readApiKeys, readWorkspaces } from './read-inventory.ts';

/** The exit code of a process whose admin credential belongs to another organization than the installation. */
export const OTHER_ORGANIZATION_EXIT_CODE = 4;

/** One installation serves one Anthropic organization; the credential speaks for another. */
export class OtherOrganizationError extends ExitError {
  override readonly name = 'OtherOrganizationError';
}

export type InventorySync = {
  keys: number;
  workspaces: number;
  added: number;
  gone: number;
  changes: number;
  /** True when bindings or the meaning of selectors may have changed, so that the aggregator was told. */
  notified: boolean;
};

/** What decides which key a hash, a hint or a name means. */
const MEANING: ReadonlySet<string> = new Set(['name', 'status', 'hint', 'workspace_id', 'gone_at']);

/**
 * Reads the organization's workspaces and keys from the Admin API and stores them with their history. Nothing is stored,
 * and no key is taken for gone, unless every page was read. Waits out 429 and 5xx until `signal` aborts.
 * Throws OtherOrganizationError, IncompleteListingError, or the SDK's own error.
 */
export async function syncInventory(pool: Pool, client: Anthropic, signal: AbortSignal): Promise<InventorySync> {
  const patience = patientUntil(signal);
  const listedFrom = await checkPin(pool, await patience(async () => client.organization.retrieve()));
  const workspaces = await readWorkspaces(client, patience);
  const keys = await readApiKeys(client, patience);
  return inRetriedTransaction(pool, async (connection) => {
    if (keys.length === 0) await expectNoKeys(connection);
    const changedWorkspaces = await saveWorkspaces(connection, workspaces);
    const { added, changes } = await saveApiKeys(connection, keys);
    const gone = await markApiKeysGone(connection, listedFrom);
    const notified = changedWorkspaces + added + gone.length > 0 || changes.some(changesMeaning);
    if (notified) await notifyConfiguration(connection);
    const counts = { added, gone: gone.length, changes: changes.length };
    return { keys: keys.length, workspaces: workspaces.length, ...counts, notified };
  });
}

/** Pins the installation to this organization, or throws OtherOrganizationError. Returns the database's time. */
export async function checkPin(db: Queryable, organization: { id: string; name: string }): Promise<Date> {
  const pinned = await pinOrganization(db, { organizationId: organization.id, name: organization.name });
  if (pinned.organizationId === organization.id) return pinned.now;
  throw new OtherOrganizationError(
    `this installation belongs to the organization ${pinned.name} (${pinned.organizationId}) since ` +
      `${pinned.pinnedAt.toISOString()}, but the admin credential speaks for ${organization.name} (${organization.id}); ` +
      'use a credential of the former, or an empty database for the latter',
    OTHER_ORGANIZATION_EXIT_CODE,
  );
}

/** Keys can't be deleted through the API: a list that is suddenly empty is a fault of the list. */
async function expectNoKeys(db: Queryable): Promise<void> {
  const known = await listApiKeys(db);
  if (known.length === 0) return;
  throw new IncompleteListingError(
    `The Admin API listed no API key, yet ${known.length} are known; none is taken for gone.`,
  );
}

function changesMeaning(change: ApiKeyChange): boolean {
  return MEANING.has(change.field);
}
