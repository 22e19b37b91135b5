import type { OrganizationUser, UserRemoveResponse } from '@anthropic-ai/sdk/resources/organization/users';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { EmulatorContext } from '../context.ts';
import { badRequest, notFound } from '../errors.ts';
import { pageOf, pageQuery, repeated } from '../page.ts';

const listQuery = pageQuery.extend({ email: z.string().optional(), 'roles[]': repeated(z.string()) });
const userParams = z.object({ user_id: z.string() });
const roleUpdate = z.object({ role: z.enum(['billing', 'claude_code_user', 'developer', 'user']) });

/** `GET /v1/organizations/users` and `GET`, `POST`, `DELETE /v1/organizations/users/{id}`. */
export const userRoutes =
  (context: EmulatorContext): FastifyPluginAsyncZod =>
  async (app) => {
    app.get('/v1/organizations/users', { schema: { querystring: listQuery } }, async ({ query }) => {
      const roles = query['roles[]'];
      const users = [...context.organization.users.values()].filter(
        (user) =>
          (query.email ?? user.email).toLowerCase() === user.email.toLowerCase() &&
          (roles?.includes(user.role) ?? true),
      );
      return pageOf(users, (user) => user.id, query);
    });

    app.get('/v1/organizations/users/:user_id', { schema: { params: userParams } }, async ({ params }) =>
      findUser(context, params.user_id),
    );

    app.post(
      '/v1/organizations/users/:user_id',
      { schema: { params: userParams, body: roleUpdate } },
      async ({ params, body }): Promise<OrganizationUser> => {
        const user = findUser(context, params.user_id);
        user.role = body.role;
        return user;
      },
    );

    app.delete('/v1/organizations/users/:user_id', { schema: { params: userParams } }, async ({ params }) =>
      removeUser(context, params.user_id),
    );
  };

function findUser(context: EmulatorContext, id: string): OrganizationUser {
  const user = context.organization.users.get(id);
  if (!user) throw notFound(`User "${id}" not found.`);
  return user;
}

/** Their personal keys stop with them; the keys they made for workspaces keep working, as at Anthropic. */
function removeUser({ organization }: EmulatorContext, id: string): UserRemoveResponse {
  const user = organization.users.get(id);
  if (!user) throw notFound(`User "${id}" not found.`);
  if (organization.users.size === 1) {
    throw badRequest("The user is the organization's only member.", 'cannot_remove_last_member');
  }
  if (user.role === 'admin') throw badRequest('Organization admins cannot be removed through the API.');
  organization.users.delete(id);
  for (const workspace of organization.workspaces.values()) workspace.members.delete(id);
  return { id, type: 'user_deleted' };
}
