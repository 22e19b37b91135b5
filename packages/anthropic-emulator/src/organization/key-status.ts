import type { APIKey } from '@anthropic-ai/sdk/resources/organization/api-keys';
import { badRequest } from '../errors.ts';
import type { KeyRecord, OrganizationState } from './organization-state.ts';

export type WritableStatus = 'active' | 'inactive' | 'archived';

/** The status Anthropic shows at `nowMs`: time alone expires a key, unless it is archived. */
export function statusAt(key: APIKey, nowMs: number): APIKey['status'] {
  if (key.status === 'archived') return 'archived';
  return key.expires_at !== null && Date.parse(key.expires_at) <= nowMs ? 'expired' : key.status;
}

/** The key as the API shows it at `nowMs`. */
export const keyAt = (record: KeyRecord, nowMs: number): APIKey => ({
  ...record.key,
  status: statusAt(record.key, nowMs),
});

/** Whether a request with this key passes at `nowMs`. A personal key stops when its owner has left. */
export function isAccepted(state: OrganizationState, record: KeyRecord, nowMs: number): boolean {
  const { principal } = record.key;
  if (principal?.type === 'user_actor' && !state.users.has(principal.user_id)) return false;
  const status = statusAt(record.key, nowMs);
  if (status === 'active') return true;
  return status !== 'expired' && nowMs < record.refusedFromMs;
}

/**
 * Checks a wanted status against what Anthropic documents; throws the 400 it answers. `archived` is terminal (an
 * archived key may only be archived again), an expired key may only be archived, and reactivation must respect the
 * limits of active keys.
 */
export function assertStatusChange(
  state: OrganizationState,
  record: KeyRecord,
  wanted: WritableStatus,
  nowMs: number,
): void {
  const current = statusAt(record.key, nowMs);
  if (wanted === current || wanted === 'archived') return;
  if (current === 'archived')
    throw badRequest('The API key is archived. Archiving is permanent: its status cannot be changed.');
  if (current === 'expired') throw badRequest('The API key has expired. An expired key can only be archived.');
  if (wanted === 'active') assertKeyLimits(state, record, nowMs);
}

function assertKeyLimits(state: OrganizationState, record: KeyRecord, nowMs: number): void {
  const active = [...state.keys.values()].filter(({ key }) => statusAt(key, nowMs) === 'active');
  if (active.length >= state.maxActiveKeys) {
    throw badRequest('The organization has reached its limit of active API keys.', 'org_api_key_limit_exceeded');
  }
  const { scope } = record.key;
  if (scope.type === 'organization') return;
  const inWorkspace = active.filter(
    ({ key }) => key.scope.type === 'workspace' && key.scope.workspace_id === scope.workspace_id,
  );
  if (inWorkspace.length >= (state.workspaces.get(scope.workspace_id)?.maxActiveKeys ?? Number.POSITIVE_INFINITY)) {
    throw badRequest('The workspace has reached its limit of active API keys.', 'workspace_api_key_limit_exceeded');
  }
}

/** Stores a status; turning a key off takes effect for requests after `effectDelayMs`. */
export function setStatus(record: KeyRecord, status: WritableStatus, nowMs: number, effectDelayMs: number): void {
  if (status !== 'active' && record.key.status === 'active') record.refusedFromMs = nowMs + effectDelayMs;
  if (status === 'active') record.refusedFromMs = 0;
  record.key.status = status;
}
