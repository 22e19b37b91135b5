import type Anthropic from '@anthropic-ai/sdk';
import { APIError } from '@anthropic-ai/sdk';
import { AdminCredentialError } from './credential.ts';

export type Organization = { id: string; name: string };

/**
 * Asks who this credential speaks for. Throws AdminCredentialError when the credential can't be used or is refused
 * (401, 403), and the SDK's own error when the API can't be reached or has trouble: that may pass, a refusal does not.
 */
export async function checkOrganization(client: Anthropic): Promise<Organization> {
  try {
    const { id, name } = await client.organization.retrieve();
    return { id, name };
  } catch (error) {
    const refusal = credentialRefusal(error);
    throw refusal === undefined ? error : new AdminCredentialError(refusal);
  }
}

/** Why the credential itself is no good, so that every further call would fail as well; undefined for other errors. */
export function credentialRefusal(error: unknown): string | undefined {
  if (error instanceof AdminCredentialError) return error.message;
  // The SDK wraps what a credential that is looked up per call throws.
  if (error instanceof Error && error.cause instanceof AdminCredentialError) return error.cause.message;
  if (!(error instanceof APIError) || (error.status !== 401 && error.status !== 403)) return undefined;
  const why = error.status === 401 ? 'does not know it (revoked, expired or mistyped)' : 'does not let it administrate';
  return `Anthropic refused the admin credential: it ${why}. HTTP ${error.status}, request ${error.requestID ?? 'unknown'}.`;
}
