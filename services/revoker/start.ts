import type Anthropic from '@anthropic-ai/sdk';
import { type AdminCredential, AdminCredentialError, adminCredential } from '@bursar/admin-api/credential';
import { checkOrganization } from '@bursar/admin-api/organization';
import { schemaFits } from '@bursar/db/migrate';
import type { Pool } from '@bursar/db/pool';
import type { Log } from '@bursar/runtime/log';
import { ExitError, waitUntil } from '@bursar/runtime/service';
import type { RevokerConfig } from './config.ts';

/** The admin credential, checked for its kind. Throws ExitError with the line to show and code 2. */
export function requireCredential({
  adminKey,
  adminKeyFile,
}: Pick<RevokerConfig, 'adminKey' | 'adminKeyFile'>): AdminCredential {
  try {
    return adminCredential({ value: adminKey, file: adminKeyFile });
  } catch (error) {
    throw asExit(error);
  }
}

/** Waits until Postgres has a schema that this code fits. */
export async function requireSchema(pool: Pool, timeoutMs: number, log: Log, signal: AbortSignal): Promise<void> {
  await waitUntil(
    'Postgres',
    async () => {
      const fits = await schemaFits(pool);
      if (fits !== true) throw new Error(fits);
    },
    { timeoutMs, log, signal },
  );
}

/** Waits until the Admin API answers; ends at once when it refuses the credential. */
export async function requireAdminApi(
  client: Anthropic,
  timeoutMs: number,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  await waitUntil(
    'the Admin API',
    async () => {
      const { id, name } = await checkOrganization(client).catch((error) => {
        throw asExit(error);
      });
      log.info({ organizationId: id }, `the admin credential speaks for ${name}`);
    },
    { timeoutMs, log, signal },
  );
}

function asExit(error: unknown): unknown {
  return error instanceof AdminCredentialError ? new ExitError(error.message, 2) : error;
}
