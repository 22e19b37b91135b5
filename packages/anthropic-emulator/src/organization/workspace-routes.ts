import type { MemberRemoveResponse } from '@anthropic-ai/sdk/resources/organization/workspaces/members';
import type { Workspace, WorkspaceMember } from '@anthropic-ai/sdk/resources/organization/workspaces/workspaces';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { timestamp } from '../clock.ts';
import type { EmulatorContext } from '../context.ts';
import { badRequest, notFound } from '../errors.ts';
import { booleanQuery, pageOf, pageQuery, repeated } from '../page.ts';
import { workspaceRole } from '../seed.ts';
import { setStatus } from './key-status.ts';
import type { WorkspaceRecord } from './organization-state.ts';

const ROOT = '/v1/organizations/workspaces';
const listQuery = pageQuery.extend({
  'ids[]': repeated(z.string()),
  include_archived: booleanQuery,
  include_default: booleanQuery,
});
const workspaceParams = z.object({ workspace_id: z.string() });
const memberParams = workspaceParams.extend({ user_id: z.string() });
const newMember = z.object({ user_id: z.string(), workspace_role: workspaceRole });

/** Listing, reading and archiving of workspaces, and their members. */
export const workspaceRoutes =
  (context: EmulatorContext): FastifyPluginAsyncZod =>
  async (app) => {
    app.get(ROOT, { schema: { querystring: listQuery } }, async ({ query }) => {
      const ids = query['ids[]'];
      const shown = [...context.organization.workspaces.values()]
        .map(({ workspace }) => workspace)
        .filter((workspace) => query.include_archived || workspace.archived_at === null)
        .filter((workspace) => query.include_default || workspace.id !== context.organization.defaultWorkspaceId)
        .filter((workspace) => ids?.includes(workspace.id) ?? true);
      return pageOf(shown, (workspace) => workspace.id, query);
    });

    app.get(
      `${ROOT}/:workspace_id`,
      { schema: { params: workspaceParams } },
      async ({ params }): Promise<Workspace> => {
        return findWorkspace(context, params.workspace_id).workspace;
      },
    );

    app.post(`${ROOT}/:workspace_id/archive`, { schema: { params: workspaceParams } }, async ({ params }) =>
      archiveWorkspace(context, params.workspace_id),
    );

    const memberList = { params: workspaceParams, querystring: pageQuery };
    app.get(`${ROOT}/:workspace_id/members`, { schema: memberList }, async ({ params, query }) => {
      const { members } = findWorkspace(context, params.workspace_id);
      return pageOf([...members.values()], (member) => member.user_id, query);
    });

    app.get(`${ROOT}/:workspace_id/members/:user_id`, { schema: { params: memberParams } }, async ({ params }) =>
      findMember(findWorkspace(context, params.workspace_id), params.user_id),
    );

    const addition = { params: workspaceParams, body: newMember };
    app.post(
      `${ROOT}/:workspace_id/members`,
      { schema: addition },
      async ({ params, body }): Promise<WorkspaceMember> => {
        const { workspace, members } = findWorkspace(context, params.workspace_id);
        if (!context.organization.users.has(body.user_id)) throw notFound(`User "${body.user_id}" not found.`);
        const member = { type: 'workspace_member', workspace_id: workspace.id, ...body } satisfies WorkspaceMember;
        members.set(body.user_id, member);
        return member;
      },
    );

    app.delete(
      `${ROOT}/:workspace_id/members/:user_id`,
      { schema: { params: memberParams } },
      async ({ params }): Promise<MemberRemoveResponse> => {
        const record = findWorkspace(context, params.workspace_id);
        record.members.delete(findMember(record, params.user_id).user_id);
        return { type: 'workspace_member_deleted', user_id: params.user_id, workspace_id: params.workspace_id };
      },
    );
  };

/** The workspace of that id; throws the 404 of Anthropic. */
export function findWorkspace(context: EmulatorContext, id: string): WorkspaceRecord {
  const record = context.organization.workspaces.get(id);
  if (!record) throw notFound(`Workspace "${id}" not found.`);
  return record;
}

function findMember(record: WorkspaceRecord, userId: string): WorkspaceMember {
  const member = record.members.get(userId);
  if (!member) throw notFound(`User "${userId}" is not a member of the workspace.`);
  return member;
}

/** Archives a workspace and, at once and for good, every key in it. The default workspace cannot be archived. */
function archiveWorkspace(context: EmulatorContext, id: string): Workspace {
  const { workspace } = findWorkspace(context, id);
  if (id === context.organization.defaultWorkspaceId) throw badRequest('The default workspace cannot be archived.');
  const nowMs = context.clock.nowMs();
  workspace.archived_at ??= timestamp(nowMs);
  for (const record of context.organization.keys.values()) {
    const { scope } = record.key;
    if (scope.type === 'workspace' && scope.workspace_id === id) setStatus(record, 'archived', nowMs, 0);
  }
  return workspace;
}
