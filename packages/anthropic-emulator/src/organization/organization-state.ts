import type { APIKey } from '@anthropic-ai/sdk/resources/organization/api-keys';
import type { OrganizationInvite } from '@anthropic-ai/sdk/resources/organization/invites';
import type { OrganizationInfo } from '@anthropic-ai/sdk/resources/organization/organization';
import type { OrganizationUser } from '@anthropic-ai/sdk/resources/organization/users';
import type { Workspace, WorkspaceMember } from '@anthropic-ai/sdk/resources/organization/workspaces/workspaces';
import type { UsageLedger } from '../messages/usage-ledger.ts';
import type { UsageTally } from '../messages/usage-tally.ts';

/** A key and what Anthropic knows beyond the object it shows. `key.status` is the stored one: `expired` is derived. */
export type KeyRecord = {
  key: APIKey;
  readonly secret: string;
  /** Until then (ms since 1970) requests still pass although the key is inactive or archived: the effect delay. */
  refusedFromMs: number;
  readonly tally: UsageTally;
};

/** A workspace's own value for one limiter, by organization rate-limit id and limiter type. */
export type RateLimitOverrides = Map<string, Map<string, number>>;

export type WorkspaceRecord = {
  readonly workspace: Workspace;
  readonly members: Map<string, WorkspaceMember>;
  readonly rateLimits: RateLimitOverrides;
  readonly maxActiveKeys: number;
};

/** Everything one emulated organization consists of. Maps keep the order in which things were made; lists show it. */
export type OrganizationState = {
  readonly info: OrganizationInfo;
  readonly maxActiveKeys: number;
  readonly defaultWorkspaceId: string;
  readonly workspaces: Map<string, WorkspaceRecord>;
  readonly users: Map<string, OrganizationUser>;
  readonly invites: Map<string, OrganizationInvite>;
  readonly keys: Map<string, KeyRecord>;
  readonly keysBySecret: Map<string, KeyRecord>;
  readonly ledger: UsageLedger;
};
