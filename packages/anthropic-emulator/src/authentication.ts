import type { IncomingHttpHeaders } from 'node:http';
import type { EmulatorContext } from './context.ts';
import { badRequest, forbidden, unauthenticated } from './errors.ts';
import { isAccepted } from './organization/key-status.ts';
import type { KeyRecord, OrganizationState } from './organization/organization-state.ts';

const ADMIN_VERSION = '2026-10-21';
const VERSIONS: ReadonlySet<unknown> = new Set(['2023-06-01', ADMIN_VERSION]);

/** A working key that calls, and the workspace it calls for. */
export type Caller = { readonly record: KeyRecord; readonly workspaceId: string };
/** Says who calls; null for an admin, who calls for no workspace. Throws the answer to anybody else. */
export type Authenticate = (context: EmulatorContext, headers: IncomingHttpHeaders) => Caller | null;

/** Admits an API key that works now to the Messages API; throws the 401 or 400 of Anthropic otherwise. */
export function authenticateKey(context: EmulatorContext, headers: IncomingHttpHeaders): Caller {
  const { organization, clock } = context;
  const record = organization.keysBySecret.get(presentedSecret(headers));
  if (!record || !isAccepted(organization, record, clock.nowMs())) throw unauthenticated('Invalid API key.');
  return { record, workspaceId: workspaceOf(organization, record, headers['anthropic-workspace-id']?.toString()) };
}

/** A key's own workspace; the caller names another one only with a key that belongs to none. */
function workspaceOf(organization: OrganizationState, { key }: KeyRecord, wanted: string | undefined): string {
  const own = key.scope.type === 'workspace' ? key.scope.workspace_id : undefined;
  const workspaceId = wanted ?? own ?? organization.defaultWorkspaceId;
  if ((own ?? workspaceId) !== workspaceId || !organization.workspaces.has(workspaceId)) {
    throw badRequest(`anthropic-workspace-id: the API key does not belong to the workspace "${workspaceId}".`);
  }
  return workspaceId;
}

/**
 * Admits the admin key, and the organization-wide personal key of an admin, to the Admin API. Any other working key
 * gets 403, anything else 401. Shapes differ between API versions; only those of 2026-10-21 are emulated.
 */
export function authenticateAdmin(context: EmulatorContext, headers: IncomingHttpHeaders): null {
  if (headers['anthropic-version'] !== ADMIN_VERSION) {
    throw badRequest(`anthropic-version: the emulated Admin API answers version ${ADMIN_VERSION} only.`);
  }
  if (presentedSecret(headers) === context.adminKey) return null;
  const { scope, principal } = authenticateKey(context, headers).record.key;
  const owner = principal?.type === 'user_actor' ? context.organization.users.get(principal.user_id) : undefined;
  if (scope.type !== 'organization' || owner?.role !== 'admin')
    throw forbidden('The Admin API needs an Admin API key.');
  return null;
}

/** Throws the 400 for a request without a known `anthropic-version`; returns the version. */
export function apiVersion(headers: IncomingHttpHeaders): string {
  const version = headers['anthropic-version'];
  if (version === undefined) throw badRequest('anthropic-version: header is required');
  if (!VERSIONS.has(version)) throw badRequest(`anthropic-version: "${version}" is not a valid version`);
  return String(version);
}

function presentedSecret(headers: IncomingHttpHeaders): string {
  const bearer = headers.authorization?.match(/^Bearer +(\S+)$/i)?.[1];
  const secret = bearer ?? headers['x-api-key'];
  if (typeof secret !== 'string')
    throw unauthenticated('No API key: send it as "Authorization: Bearer" or "x-api-key".');
  return secret;
}
