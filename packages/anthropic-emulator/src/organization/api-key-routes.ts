import type { APIKey } from '@anthropic-ai/sdk/resources/organization/api-keys';
import type { FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { EmulatorContext } from '../context.ts';
import { badRequest, notFound } from '../errors.ts';
import { pageOf, pageQuery } from '../page.ts';
import { storedKeyStatus } from '../seed.ts';
import { assertStatusChange, keyAt, setStatus } from './key-status.ts';
import type { KeyRecord } from './organization-state.ts';

const listQuery = pageQuery.extend({
  created_by_user_id: z.string().optional(),
  status: z.enum(['active', 'inactive', 'archived', 'expired']).optional(),
  workspace_id: z.string().optional(),
});
const keyParams = z.object({ api_key_id: z.string() });
const keyUpdate = z.object({ name: z.string().min(1).max(500).nullish(), status: storedKeyStatus.nullish() });

/** `GET /v1/organizations/api_keys` and `GET`, `POST /v1/organizations/api_keys/{id}`. There is no create and no delete. */
export const apiKeyRoutes =
  (context: EmulatorContext): FastifyPluginAsyncZod =>
  async (app) => {
    app.get('/v1/organizations/api_keys', { schema: { querystring: listQuery } }, async ({ query }) => {
      const nowMs = context.clock.nowMs();
      const keys = [...context.organization.keys.values()].map((record) => keyAt(record, nowMs));
      return pageOf(keys.filter(matches(query)), (key) => key.id, query);
    });

    app.get('/v1/organizations/api_keys/:api_key_id', { schema: { params: keyParams } }, async ({ params }) =>
      keyAt(findKey(context, params.api_key_id), context.clock.nowMs()),
    );

    app.post(
      '/v1/organizations/api_keys/:api_key_id',
      { schema: { params: keyParams, body: keyUpdate } },
      async (request): Promise<APIKey> => {
        const record = findKey(context, request.params.api_key_id);
        const { name, status } = request.body;
        const nowMs = context.clock.nowMs();
        if (status) assertStatusChange(context.organization, record, status, nowMs);
        if (name && record.key.status === 'archived')
          throw badRequest('The API key is archived: it cannot be renamed.');
        if (name) record.key.name = name;
        if (status && !isUnchanged(request)) setStatus(record, status, nowMs, effectDelayMs(context, request));
        return keyAt(record, nowMs);
      },
    );
  };

/** The key of that id; throws the 404 of Anthropic. */
export function findKey(context: EmulatorContext, id: string): KeyRecord {
  const record = context.organization.keys.get(id);
  if (!record) throw notFound(`API key "${id}" not found.`);
  return record;
}

const matches = (query: z.output<typeof listQuery>) => (key: APIKey) =>
  (query.status ?? key.status) === key.status &&
  (query.created_by_user_id === undefined || key.created_by?.id === query.created_by_user_id) &&
  (query.workspace_id === undefined ||
    (key.scope.type === 'workspace' && key.scope.workspace_id === query.workspace_id));

const isUnchanged = (request: Pick<FastifyRequest, 'faults'>) =>
  request.faults.some(({ kind }) => kind === 'unchanged');

function effectDelayMs(context: EmulatorContext, request: Pick<FastifyRequest, 'faults'>): number {
  const delay = request.faults.find((fault) => fault.kind === 'effect_delay');
  return delay?.delayMs ?? context.effectDelayMs;
}
