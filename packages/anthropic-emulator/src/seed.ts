import type { OrganizationRole } from '@anthropic-ai/sdk/resources/organization/organization';
import type { NoBillingWorkspaceRole } from '@anthropic-ai/sdk/resources/organization/workspaces/workspaces';
import { z } from 'zod';

const ORGANIZATION_ROLES = [
  'admin',
  'billing',
  'claude_code_user',
  'developer',
  'managed',
  'membership_admin',
  'owner',
  'primary_owner',
  'user',
] as const satisfies readonly OrganizationRole[];

const WORKSPACE_ROLES = [
  'workspace_admin',
  'workspace_developer',
  'workspace_restricted_developer',
  'workspace_user',
] as const satisfies readonly NoBillingWorkspaceRole[];

export const organizationRole = z.enum(ORGANIZATION_ROLES);
export const workspaceRole = z.enum(WORKSPACE_ROLES);
export const storedKeyStatus = z.enum(['active', 'inactive', 'archived']);
const time = z.iso.datetime({ offset: true });

/** A key as somebody would make it in the Console. A `principal` (email) makes it a personal key. */
export const apiKeySeed = z.strictObject({
  name: z.string().min(1).max(500),
  /** The workspace's name; `null` gives a personal key that reaches the whole organization. */
  workspace: z.string().nullable(),
  status: storedKeyStatus.optional(),
  createdAt: time.optional(),
  expiresAt: time.nullish(),
  createdBy: z.email().optional(),
  principal: z.email().optional(),
});

const workspaceSeed = z.strictObject({
  name: z.string().min(1).max(40),
  id: z.string().optional(),
  tags: z.record(z.string(), z.string()).optional(),
  members: z.array(z.strictObject({ email: z.email(), role: workspaceRole.optional() })).optional(),
  /** Reactivating a key beyond this many active ones is refused (`workspace_api_key_limit_exceeded`). */
  maxActiveKeys: z.int().positive().optional(),
});

const userSeed = z.strictObject({
  email: z.email(),
  name: z.string(),
  id: z.string().optional(),
  role: organizationRole.optional(),
  addedAt: time.optional(),
});

/** The organization that an emulator starts with or is reset to. A workspace named `Default` is the default one. */
export const emulatorSeed = z.strictObject({
  organization: z
    .strictObject({ id: z.string().optional(), name: z.string(), maxActiveKeys: z.int().positive().optional() })
    .optional(),
  workspaces: z.array(workspaceSeed),
  users: z.array(userSeed).optional(),
  invites: z
    .array(z.strictObject({ email: z.email(), role: organizationRole.optional(), invitedAt: time.optional() }))
    .optional(),
  apiKeys: z.array(apiKeySeed),
});

export type EmulatorSeed = z.input<typeof emulatorSeed>;
export type ApiKeySeed = z.input<typeof apiKeySeed>;

/** A seed (or a key made later) that contradicts itself; the message names the entry. */
export class EmulatorSeedError extends Error {
  override readonly name = 'EmulatorSeedError';
}

/** What an emulator holds when nobody says otherwise: an organization with nothing but its default workspace. */
export const EMPTY_SEED: EmulatorSeed = { workspaces: [], apiKeys: [] };
