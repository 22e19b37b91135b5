import type Anthropic from '@anthropic-ai/sdk';
import { APIError } from '@anthropic-ai/sdk';
import { credentialRefusal } from '@bursar/admin-api/organization';
import type { ActAnswer } from '@bursar/db/enforcement/act';
import type { Observed, Wanted } from '@bursar/db/enforcement/key-control';
import { scrubSecrets } from '@bursar/events/field';
import { retryAfterMs } from '@bursar/runtime/backoff';
import type { Claim } from './claim.ts';

/** What came of an attempt. */
export type Answer = ActAnswer & {
  /** What Anthropic said the key is, when asked; null when it did not say. */
  observed: Observed | null;
  /** The very first look found the key off: that was not our doing. */
  foundOff: boolean;
  /** Why our own credential is no good. */
  refusal: string | undefined;
  /** How long Anthropic asked us to wait. */
  retryAfterMs: number | undefined;
};

/** Bounds a whole call, the body of the answer included, which the SDK's own timeout does not. */
const CALL_TIMEOUT_MS = 12_000;

/**
 * Asks Anthropic for the wanted status and then asks what the key's status is: only that counts as done. After an attempt
 * without a known end it looks first. Never rejects: an error is an answer too.
 */
export async function carryOut(client: Anthropic, claim: Claim): Promise<Answer> {
  const { apiKeyId, wanted } = claim;
  if (claim.askFirst) {
    const before = await lookUp(client, apiKeyId);
    if ('error' in before) return failure(before.error, 'failed');
    const foundOff = wanted === 'inactive' && claim.attempt === 1;
    if (isSettled(wanted, before.status)) return { ...judged(claim, before, {}), foundOff };
  }
  const update = await attempt(() =>
    client.organization.apiKeys.update(apiKeyId, { status: wanted }, callOptions()).withResponse(),
  );
  if ('error' in update && !mayBeSettledAnyway(update.error)) return failure(update.error, 'failed');
  const after = await lookUp(client, apiKeyId);
  if ('error' in after) return failure(after.error, 'error' in update ? 'failed' : 'answered');
  if ('error' in update) {
    return isSettled(wanted, after.status) ? judged(claim, after, {}) : failure(update.error, 'failed', after.status);
  }
  const { response, request_id } = update.value;
  return judged(claim, after, { httpStatus: response.status, requestId: request_id ?? null });
}

/** What is wanted is so, or can never be changed again. */
export function isSettled(wanted: Wanted, status: Observed): boolean {
  return status === wanted || ['archived', 'expired', 'missing'].includes(status);
}

type Seen = { status: Observed; httpStatus: number; requestId: string | null };
type Attempted<T> = { value: T } | { error: unknown };

/** What Anthropic says the key is. An id that it does not know is a key that is missing, not an error. */
export async function lookUp(client: Anthropic, apiKeyId: string): Promise<Seen | { error: unknown }> {
  const got = await attempt(() => client.organization.apiKeys.retrieve(apiKeyId, callOptions()).withResponse());
  if ('value' in got) {
    const { data, response, request_id } = got.value;
    return isStatus(data?.status)
      ? { status: data.status, httpStatus: response.status, requestId: request_id ?? null }
      : { error: new Error('Anthropic answered without a key status that is known here') };
  }
  if (!(got.error instanceof APIError) || got.error.status !== 404) return got;
  return { status: 'missing', httpStatus: 404, requestId: got.error.requestID ?? null };
}

function isStatus(status: unknown): status is 'active' | 'inactive' | 'archived' | 'expired' {
  return ['active', 'inactive', 'archived', 'expired'].includes(status as string);
}

/** A refusal that the state of the key may explain: it is archived, expired or not there. */
function mayBeSettledAnyway(error: unknown): boolean {
  return error instanceof APIError && [400, 404, 409].includes(error.status ?? 0);
}

function judged(claim: Claim, seen: Seen, update: { httpStatus?: number; requestId?: string | null }): Answer {
  return {
    outcome: isSettled(claim.wanted, seen.status) ? 'verified' : 'unverified',
    httpStatus: update.httpStatus ?? seen.httpStatus,
    requestId: update.requestId ?? seen.requestId,
    errorType: null,
    errorMessage: null,
    readBackStatus: seen.status,
    observed: seen.status,
    foundOff: false,
    refusal: undefined,
    retryAfterMs: undefined,
  };
}

function failure(error: unknown, outcome: 'failed' | 'answered', observed: Observed | null = null): Answer {
  const api = error instanceof APIError ? error : undefined;
  const message = error instanceof Error ? error.message : String(error);
  return {
    outcome,
    httpStatus: api?.status ?? null,
    requestId: api?.requestID ?? null,
    errorType: api?.errorCode ?? api?.type ?? (error instanceof Error ? error.constructor.name : 'unknown'),
    errorMessage: scrubSecrets(message).slice(0, 500),
    readBackStatus: observed,
    observed,
    foundOff: false,
    refusal: credentialRefusal(error),
    retryAfterMs: api?.headers === undefined ? undefined : retryAfterMs(api.headers),
  };
}

async function attempt<T>(call: () => Promise<T>): Promise<Attempted<T>> {
  try {
    return { value: await call() };
  } catch (error) {
    return { error };
  }
}

function callOptions() {
  return { signal: AbortSignal.timeout(CALL_TIMEOUT_MS) };
}
