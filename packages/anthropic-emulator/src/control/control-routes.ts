import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { EmulatorContext } from '../context.ts';
import { badRequest } from '../errors.ts';
import { faultRule } from '../faults.ts';
import { findKey } from '../organization/api-key-routes.ts';
import { createKey } from '../organization/create-key.ts';
import { apiKeySeed, EmulatorSeedError, emulatorSeed } from '../seed.ts';
import { changeKey, keyChange } from './change-key.ts';
import { resetOrganization } from './reset.ts';
import { summarize } from './summary.ts';

const clockChange = z.union([
  z.strictObject({ at: z.iso.datetime({ offset: true }), frozen: z.boolean().optional() }),
  z.strictObject({ advanceMs: z.number() }),
  z.strictObject({ real: z.literal(true) }),
]);

/** The calls under `/_emulator` that steer the emulator. They ask for no key: bind the server to a host you trust. */
export const controlRoutes =
  (context: EmulatorContext): FastifyPluginAsyncZod =>
  async (app) => {
    const nowMs = () => context.clock.nowMs();

    app.get('/_emulator/organization', async () => summarize(context.organization, nowMs()));
    app.get('/_emulator/admin-log', async () => context.adminLog.calls());

    app.post('/_emulator/reset', { schema: { body: emulatorSeed.nullish() } }, async ({ body }) => {
      refuseBadSeed(() => resetOrganization(context, body ?? undefined));
      const keys = [...context.organization.keys.values()];
      return { apiKeys: keys.map(({ key, secret }) => ({ id: key.id, name: key.name, secret })) };
    });

    app.put('/_emulator/clock', { schema: { body: clockChange } }, async ({ body }) => {
      context.clock.change(body);
      return { now: new Date(nowMs()).toISOString() };
    });

    app.post('/_emulator/faults', { schema: { body: faultRule } }, async ({ body }, reply) => {
      context.faults.add(body);
      return reply.code(204).send();
    });
    app.delete('/_emulator/faults', async (_request, reply) => {
      context.faults.clear();
      return reply.code(204).send();
    });

    app.post('/_emulator/api_keys', { schema: { body: apiKeySeed } }, async ({ body }) => {
      const { key, secret } = refuseBadSeed(() => createKey(context.organization, body, context.identities, nowMs()));
      return { id: key.id, secret };
    });

    const change = { params: z.object({ api_key_id: z.string() }), body: keyChange };
    app.patch('/_emulator/api_keys/:api_key_id', { schema: change }, async ({ params, body }) =>
      changeKey(findKey(context, params.api_key_id), body, nowMs()),
    );
  };

function refuseBadSeed<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw error instanceof EmulatorSeedError ? badRequest(error.message) : error;
  }
}
