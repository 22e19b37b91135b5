import type { OrganizationInvite } from '@anthropic-ai/sdk/resources/organization/invites';
import type { OrganizationInfo } from '@anthropic-ai/sdk/resources/organization/organization';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { EmulatorContext } from '../context.ts';
import { notFound } from '../errors.ts';
import { pageOf, pageQuery, repeated } from '../page.ts';

const inviteStatus = z.enum(['accepted', 'expired', 'pending']);
const inviteQuery = pageQuery.extend({
  email: z.string().optional(),
  'roles[]': repeated(z.string()),
  'statuses[]': repeated(inviteStatus),
});

/** `GET /v1/organizations/me` and the reading of invites. */
export const organizationRoutes =
  (context: EmulatorContext): FastifyPluginAsyncZod =>
  async (app) => {
    app.get('/v1/organizations/me', async (): Promise<OrganizationInfo> => context.organization.info);

    app.get('/v1/organizations/invites', { schema: { querystring: inviteQuery } }, async ({ query }) => {
      const roles = query['roles[]'];
      const statuses: readonly string[] = query['statuses[]'] ?? inviteStatus.options;
      const invites = invitesAt(context).filter(
        (invite) =>
          (query.email ?? invite.email).toLowerCase() === invite.email.toLowerCase() &&
          (roles?.includes(invite.role) ?? true) &&
          statuses.includes(invite.status),
      );
      return pageOf(invites, (invite) => invite.id, query);
    });

    const inviteParams = z.object({ invite_id: z.string() });
    app.get('/v1/organizations/invites/:invite_id', { schema: { params: inviteParams } }, async ({ params }) => {
      const invite = invitesAt(context).find(({ id }) => id === params.invite_id);
      if (!invite) throw notFound(`Invite "${params.invite_id}" not found.`);
      return invite;
    });
  };

/** Invites with the status that the clock gives them. */
function invitesAt(context: EmulatorContext): OrganizationInvite[] {
  const nowMs = context.clock.nowMs();
  return [...context.organization.invites.values()].map((invite) =>
    invite.status === 'pending' && Date.parse(invite.expires_at) <= nowMs ? { ...invite, status: 'expired' } : invite,
  );
}
