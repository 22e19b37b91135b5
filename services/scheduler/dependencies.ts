import type Anthropic from '@anthropic-ai/sdk';
import { openAdminClient } from '@bursar/admin-api/client';
import { AdminCredentialError, adminCredential } from '@bursar/admin-api/credential';
import { checkOrganization } from '@bursar/admin-api/organization';
import { schemaFits } from '@bursar/db/migrate';
import type { Pool } from '@bursar/db/pool';
import { ExitError } from '@bursar/runtime/exit-error';
import type { Log } from '@bursar/runtime/log';
import type { Part } from '@bursar/runtime/part';
import { waitUntil } from '@bursar/runtime/wait-until';
import { checkPin } from './inventory/sync-inventory.ts';

type Waiting = { timeoutMs: number; log: Log };

const WRONG_CONFIGURATION = 2;

/** Waits at start for a Postgres with a schema that this code fits; closes the pool at the end. */
export function databasePart(pool: Pool, { timeoutMs, log }: Waiting): Part {
  return {
    name: 'Postgres',
    start: (signal) =>
      waitUntil(
        'Postgres with the Bursar schema',
        async () => {
          const fits = await schemaFits(pool);
          if (fits !== true) throw new Error(fits);
        },
        { timeoutMs, log, signal },
      ),
    stop: () => pool.end(),
  };
}

/**
 * Waits at start for the Admin API. Ends the process with code 2 when Anthropic refuses the credential,
 * and with a code of its own when the credential speaks for another organization than this installation.
 */
export function adminApiPart(client: Anthropic, pool: Pool, { timeoutMs, log }: Waiting): Part {
  return {
    name: 'Admin API',
    start: (signal) =>
      waitUntil(
        'the Anthropic Admin API',
        async () => {
          const organization = await checkOrganization(client).catch(exitOnCredential);
          await checkPin(pool, organization);
          log.info({ organizationId: organization.id }, `the admin credential speaks for ${organization.name}`);
        },
        { timeoutMs, log, signal },
      ),
  };
}

/** A client of the Admin API. Throws an ExitError (code 2) for a credential that can't be the right one. */
export function adminClient(config: {
  adminKey?: string | undefined;
  adminKeyFile?: string | undefined;
  anthropicBaseUrl: string;
}): Anthropic {
  const { adminKey: value, adminKeyFile: file, anthropicBaseUrl: baseURL } = config;
  if ((value === undefined) === (file === undefined)) {
    throw new ExitError('set one of ANTHROPIC_ADMIN_KEY and ANTHROPIC_ADMIN_KEY_FILE', WRONG_CONFIGURATION);
  }
  try {
    return openAdminClient({ credential: adminCredential({ value, file }), baseURL });
  } catch (error) {
    return exitOnCredential(error);
  }
}

function exitOnCredential(error: unknown): never {
  if (error instanceof AdminCredentialError) throw new ExitError(error.message, WRONG_CONFIGURATION, { cause: error });
  throw error;
}
