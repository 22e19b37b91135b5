import type {
  OrganizationRateLimit,
  OrganizationRateLimitModelGroup,
} from '@anthropic-ai/sdk/resources/organization/rate-limits';
import type {
  WorkspaceRateLimit,
  WorkspaceRateLimitType,
  WorkspaceRateLimitValue,
} from '@anthropic-ai/sdk/resources/organization/workspaces/rate-limits';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { EmulatorContext } from '../context.ts';
import { badRequest, notFound } from '../errors.ts';
import { booleanQuery, cursorPageOf, cursorQuery } from '../page.ts';
import type { WorkspaceRecord } from './organization-state.ts';
import { findWorkspace } from './workspace-routes.ts';

const GROUPS = { 'Fable 5': 'fable-5', 'Opus 5.5': 'opus-5-5', 'Sonnet 5.5': 'sonnet-5-5', 'Haiku 5.5': 'haiku-5-5' };
const LIMITER_TYPES = [
  'fast_itpmca',
  'fast_otpm',
  'input_tokens_per_minute',
  'input_tokens_per_minute_cache_aware',
  'output_tokens_per_minute',
  'requests_per_minute',
  'tokens_per_day',
  'tokens_per_minute',
  'tool_uses_per_second',
] as const satisfies readonly WorkspaceRateLimitType[];

const groupType = z.enum(['batch', 'files', 'model_group', 'skills', 'token_count', 'web_search']).optional();
const organizationQuery = cursorQuery.extend({ group_type: groupType, model: z.string().optional() });
const workspaceQuery = cursorQuery.extend({ group_type: groupType, include_inherited: booleanQuery });
const workspaceParams = z.object({ workspace_id: z.string() });
const rateLimitParams = workspaceParams.extend({ rate_limit_id: z.string() });
const limitUpdate = z.object({
  limits: z
    .array(z.object({ type: z.enum(LIMITER_TYPES), value: z.int().min(0).nullable() }))
    .min(1)
    .max(16),
});

/** The organization's rate limits, and the workspaces' lower ones. They are kept and shown, not enforced. */
export const rateLimitRoutes =
  (context: EmulatorContext): FastifyPluginAsyncZod =>
  async (app) => {
    const all = Object.entries(GROUPS).map(([name, model]) => organizationLimit(context, name, model));
    const workspacePath = '/v1/organizations/workspaces/:workspace_id/rate_limits';

    app.get('/v1/organizations/rate_limits', { schema: { querystring: organizationQuery } }, async ({ query }) => {
      const { model, group_type } = query;
      const ofModel = all.filter((limit) => model === undefined || limit.models?.includes(model));
      if (ofModel.length === 0) throw notFound(`model: ${model}`);
      return cursorPageOf(ofModel.filter(isOfGroup(group_type)), query);
    });

    const listing = { params: workspaceParams, querystring: workspaceQuery };
    app.get(workspacePath, { schema: listing }, async ({ params, query }) => {
      const record = findWorkspace(context, params.workspace_id);
      const shown = all
        .filter(isOfGroup(query.group_type))
        .map((limit) => workspaceLimit(record, limit, query.include_inherited));
      return cursorPageOf(
        shown.filter((limit) => limit.limits.length > 0),
        query,
      );
    });

    const update = { params: rateLimitParams, body: limitUpdate };
    app.post(`${workspacePath}/:rate_limit_id`, { schema: update }, async ({ params, body }) => {
      const record = findWorkspace(context, params.workspace_id);
      const limit = all.find(({ id }) => id === params.rate_limit_id);
      if (!limit) throw notFound(`Rate limit "${params.rate_limit_id}" not found.`);
      if (params.workspace_id === context.organization.defaultWorkspaceId) {
        throw badRequest('The default workspace cannot have limits.');
      }
      const overrides = record.rateLimits.get(limit.id) ?? new Map<string, number>();
      record.rateLimits.set(limit.id, overrides);
      for (const { type, value } of body.limits) value === null ? overrides.delete(type) : overrides.set(type, value);
      return workspaceLimit(record, limit, false);
    });
  };

function organizationLimit(context: EmulatorContext, name: string, model: string): OrganizationRateLimit {
  const group: OrganizationRateLimitModelGroup = {
    id: context.identities.id('rlg', model),
    display_name: name,
    type: 'model_group',
  };
  const limits = [
    { type: 'requests_per_minute', value: 4_000 },
    { type: 'input_tokens_per_minute_cache_aware', value: 2_000_000 },
    { type: 'output_tokens_per_minute', value: 400_000 },
  ];
  return { id: context.identities.id('rl', model), group, limits, models: [`claude-${model}`], type: 'rate_limit' };
}

function workspaceLimit(record: WorkspaceRecord, limit: OrganizationRateLimit, inherited: boolean): WorkspaceRateLimit {
  const overrides = record.rateLimits.get(limit.id) ?? new Map<string, number>();
  const organizationValue = (type: string) => limit.limits.find((value) => value.type === type)?.value ?? null;
  const own: WorkspaceRateLimitValue[] = [...overrides].map(([type, value]) => {
    return { type, value, org_limit: organizationValue(type), source: { type: 'workspace' } };
  });
  const rest: WorkspaceRateLimitValue[] = limit.limits
    .filter(({ type }) => inherited && !overrides.has(type))
    .map(({ type, value }) => ({ type, value, org_limit: value, source: { type: 'organization' } }));
  return {
    group: limit.group,
    limits: [...own, ...rest],
    models: limit.models,
    rate_limit_id: limit.id,
    type: 'workspace_rate_limit',
    workspace_id: record.workspace.id,
  };
}

const isOfGroup = (type: z.output<typeof groupType>) => (limit: OrganizationRateLimit) =>
  type === undefined || limit.group.type === type;
