const POLL_MS = 20;

/**
 * Calls `attempt` until it neither throws nor returns undefined or false, and returns what it returned.
 * Throws after `timeoutMs` with `what` was awaited and with the last answer or error as the cause.
 */
export async function eventually<T>(
  what: string,
  attempt: () => Promise<T | undefined | false> | T | undefined | false,
  timeoutMs = 15_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (let tries = 1; ; tries++) {
    const outcome = await outcomeOf(attempt);
    if ('value' in outcome) return outcome.value;
    if (performance.now() > deadline) {
      const waited = `${timeoutMs} ms, ${tries} tries`;
      throw new Error(`still not after ${waited}: ${what} (last: ${outcome.reason})`, { cause: outcome.error });
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

type Outcome<T> = { value: T } | { reason: string; error?: unknown };

async function outcomeOf<T>(
  attempt: () => Promise<T | undefined | false> | T | undefined | false,
): Promise<Outcome<T>> {
  try {
    const value = await attempt();
    return value === undefined || value === false ? { reason: `it returned ${value}` } : { value };
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error), error };
  }
}
