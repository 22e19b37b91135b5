import { setTimeout as sleep } from 'node:timers/promises';
import { APIConnectionError, APIError } from '@anthropic-ai/sdk';
import { fullJitter, retryAfterMs } from '@bursar/runtime/backoff';

const BASE_MS = 500;
const CAP_MS = 20_000;

/** Makes a call of the Admin API again while the answer is 429, 5xx or none, after the wait that the server asked for. */
export type Patience = <T>(call: () => Promise<T>) => Promise<T>;

/**
 * Patience until `signal` aborts; the error of the last attempt then goes to the caller, as does at once every error
 * that waiting does not cure.
 */
export function patientUntil(signal: AbortSignal, random: () => number = Math.random): Patience {
  return async (call) => {
    for (let attempt = 0; ; attempt++) {
      try {
        return await call();
      } catch (error) {
        if (!isPassing(error) || signal.aborted) throw error;
        await sleep(waitMs(error, attempt, random), undefined, { signal }).catch(() => {
          throw error;
        });
      }
    }
  };
}

function isPassing(error: unknown): error is APIError {
  if (error instanceof APIConnectionError) return true;
  return error instanceof APIError && (error.status === 429 || (error.status ?? 0) >= 500);
}

function waitMs(error: APIError, attempt: number, random: () => number): number {
  const asked = error.headers === undefined ? undefined : retryAfterMs(error.headers);
  return asked ?? fullJitter(attempt, { baseMs: BASE_MS, capMs: CAP_MS, random });
}
