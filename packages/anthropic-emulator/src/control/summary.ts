import type { APIKey } from '@anthropic-ai/sdk/resources/organization/api-keys';
import type { OrganizationInfo } from '@anthropic-ai/sdk/resources/organization/organization';
import type { UsageTally } from '../messages/usage-tally.ts';
import { statusAt } from '../organization/key-status.ts';
import type { OrganizationState } from '../organization/organization-state.ts';

export type OrganizationSummary = {
  organization: OrganizationInfo;
  workspaces: { id: string; name: string; archived: boolean }[];
  users: { id: string; email: string; role: string }[];
  apiKeys: { id: string; name: string; status: APIKey['status']; workspaceId: string | null; usage: UsageTally }[];
};

/** The organization at a glance, with what each key used so far: the oracle for sums computed elsewhere. */
export function summarize(state: OrganizationState, nowMs: number): OrganizationSummary {
  return {
    organization: state.info,
    workspaces: [...state.workspaces.values()].map(({ workspace }) => ({
      id: workspace.id,
      name: workspace.name,
      archived: workspace.archived_at !== null,
    })),
    users: [...state.users.values()].map(({ id, email, role }) => ({ id, email, role })),
    apiKeys: [...state.keys.values()].map(({ key, tally }) => ({
      id: key.id,
      name: key.name,
      status: statusAt(key, nowMs),
      workspaceId: key.scope.type === 'workspace' ? key.scope.workspace_id : null,
      usage: { ...tally },
    })),
  };
}
