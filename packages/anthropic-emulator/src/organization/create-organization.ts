import type { OrganizationInvite } from '@anthropic-ai/sdk/resources/organization/invites';
import type { OrganizationUser } from '@anthropic-ai/sdk/resources/organization/users';
import type { Workspace, WorkspaceMember } from '@anthropic-ai/sdk/resources/organization/workspaces/workspaces';
import { timestamp } from '../clock.ts';
import type { Identities } from '../identity.ts';
import { type EmulatorSeed, EmulatorSeedError } from '../seed.ts';
import { createKey } from './create-key.ts';
import type { OrganizationState, WorkspaceRecord } from './organization-state.ts';

const INVITE_DAYS = 21;
const DAY_MS = 86_400_000;
type WorkspaceSeed = EmulatorSeed['workspaces'][number];

/** Builds the organization that a seed describes. Throws `EmulatorSeedError` where the seed contradicts itself. */
export function createOrganization(seed: EmulatorSeed, identities: Identities, nowMs: number): OrganizationState {
  const at = timestamp(nowMs);
  const name = seed.organization?.name ?? 'Emulated Organization';
  const workspaceSeeds = seed.workspaces.some((workspace) => workspace.name === 'Default')
    ? seed.workspaces
    : [{ name: 'Default' }, ...seed.workspaces];
  const users = byId((seed.users ?? []).map((user) => createUser(user, identities, at)));
  const workspaces = new Map<string, WorkspaceRecord>();
  for (const workspaceSeed of workspaceSeeds) {
    const record = createWorkspace(workspaceSeed, users, identities, at);
    if (workspaces.has(record.workspace.id))
      throw new EmulatorSeedError(`Two workspaces are named "${workspaceSeed.name}".`);
    workspaces.set(record.workspace.id, record);
  }
  const state: OrganizationState = {
    info: { id: seed.organization?.id ?? identities.id('org', 'organization'), name, type: 'organization' },
    maxActiveKeys: seed.organization?.maxActiveKeys ?? Number.POSITIVE_INFINITY,
    defaultWorkspaceId: [...workspaces.values()].find((record) => record.workspace.name === 'Default')!.workspace.id,
    workspaces,
    users,
    invites: byId((seed.invites ?? []).map((invite) => createInvite(invite, identities, nowMs))),
    keys: new Map(),
    keysBySecret: new Map(),
    ledger: new Map(),
  };
  for (const key of seed.apiKeys) createKey(state, key, identities, nowMs);
  return state;
}

function createUser(seed: NonNullable<EmulatorSeed['users']>[number], identities: Identities, at: string) {
  return {
    id: seed.id ?? identities.id('user', seed.email),
    added_at: seed.addedAt ?? at,
    email: seed.email,
    name: seed.name,
    role: seed.role ?? 'developer',
    type: 'user',
  } satisfies OrganizationUser;
}

function createInvite(seed: NonNullable<EmulatorSeed['invites']>[number], identities: Identities, nowMs: number) {
  const invitedAtMs = seed.invitedAt === undefined ? nowMs : Date.parse(seed.invitedAt);
  return {
    id: identities.id('invite', seed.email),
    accepted_at: null,
    email: seed.email,
    expires_at: timestamp(invitedAtMs + INVITE_DAYS * DAY_MS),
    invited_at: timestamp(invitedAtMs),
    rbac_group_ids: [],
    role: seed.role ?? 'developer',
    status: 'pending',
    type: 'invite',
  } satisfies OrganizationInvite;
}

function createWorkspace(
  seed: WorkspaceSeed,
  users: ReadonlyMap<string, OrganizationUser>,
  identities: Identities,
  at: string,
): WorkspaceRecord {
  const id = seed.id ?? identities.id('wrkspc', seed.name);
  const workspace = {
    id,
    archived_at: null,
    compartment_id: identities.id('cmpt', seed.name),
    created_at: at,
    data_residency: { allowed_inference_geos: 'unrestricted', default_inference_geo: 'global', workspace_geo: 'us' },
    display_color: '#6C5BB9',
    external_key_id: null,
    name: seed.name,
    tags: { ...seed.tags },
    type: 'workspace',
    user_profile_id: null,
  } satisfies Workspace;
  const members = new Map<string, WorkspaceMember>();
  for (const { email, role } of seed.members ?? []) {
    const user = [...users.values()].find((candidate) => candidate.email === email);
    if (!user)
      throw new EmulatorSeedError(`Workspace "${seed.name}" has the member ${email}, who is not among the users.`);
    members.set(user.id, {
      type: 'workspace_member',
      user_id: user.id,
      workspace_id: id,
      workspace_role: role ?? 'workspace_developer',
    });
  }
  return { workspace, members, rateLimits: new Map(), maxActiveKeys: seed.maxActiveKeys ?? Number.POSITIVE_INFINITY };
}

const byId = <Item extends { id: string }>(items: readonly Item[]) => new Map(items.map((item) => [item.id, item]));
