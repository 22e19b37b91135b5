import { setTimeout as sleep } from 'node:timers/promises';
import { describeError } from './describe-error.ts';
import { ExitError } from './exit-error.ts';
import type { Log } from './log.ts';

const RETRY_EVERY_MS = 250;
const REPORT_EVERY_MS = 2_000;

/** A dependency stayed away for the whole time that was allowed at start. */
export class DependencyAwayError extends ExitError {
  override readonly name = 'DependencyAwayError';
}

export type WaitOptions = { timeoutMs: number; log: Log; signal?: AbortSignal };

/**
 * Repeats `attempt` until it succeeds. While it does not, one line every two seconds says what is awaited and why;
 * after `timeoutMs` throws DependencyAwayError (exit code 1), even if the attempt itself hangs.
 * Rejects with the reason of `signal` when that aborts first.
 */
export async function waitUntil(what: string, attempt: () => Promise<void>, options: WaitOptions): Promise<void> {
  const { timeoutMs, log } = options;
  const deadline = AbortSignal.timeout(timeoutMs);
  const signal = options.signal === undefined ? deadline : AbortSignal.any([deadline, options.signal]);
  const startedAt = performance.now();
  let why = 'no answer yet';
  const report = setInterval(() => {
    const waitedMs = Math.round(performance.now() - startedAt);
    log.warn({ waitingFor: what, waitedMs, timeoutMs }, `waiting for ${what}: ${why}`);
  }, REPORT_EVERY_MS);
  try {
    await unlessAborted(signal, () =>
      repeat(attempt, signal, (error) => {
        why = describeError(error);
      }),
    );
  } catch (error) {
    if (options.signal?.aborted || !deadline.aborted) throw error;
    throw new DependencyAwayError(`${what} is away: gave up after ${timeoutMs} ms; last answer: ${why}`, 1);
  } finally {
    clearInterval(report);
  }
}

async function repeat(
  attempt: () => Promise<void>,
  signal: AbortSignal,
  onError: (error: unknown) => void,
): Promise<void> {
  while (!signal.aborted) {
    try {
      return await attempt();
    } catch (error) {
      if (error instanceof ExitError) throw error;
      onError(error);
      await sleep(RETRY_EVERY_MS, undefined, { signal }).catch(() => {});
    }
  }
}

/** Settles like `work`, or rejects with the signal's reason as soon as that aborts. */
function unlessAborted(signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    work()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', abort));
  });
}
