import { FetchStalledError, MembershipLostError } from '@bursar/bus/watchdog';
import { isOtherSchema, isRefused } from '@bursar/db/transaction';
import { ExitError } from '@bursar/runtime/service';

/** Why the usage loop ended, for supervisors and people; the README says what to do about each. */
export const EXIT_CODES = { schema: 3, refused: 4, unexpected: 5, membership: 6, stalled: 7 } as const;

/**
 * Nothing is mended in place: the process ends with a code of its own, its supervisor starts it again, and everything since
 * the last commit is read again. An error that nobody foresaw keeps its stack, as the cause.
 */
export function exitErrorOf(error: unknown): unknown {
  if (error instanceof ExitError || (error instanceof Error && error.name === 'AbortError')) return error;
  const message = error instanceof Error ? error.message : String(error);
  const options = { cause: error };
  if (error instanceof FetchStalledError) return new ExitError(message, EXIT_CODES.stalled, options);
  if (error instanceof MembershipLostError) return new ExitError(message, EXIT_CODES.membership, options);
  if (isOtherSchema(error)) {
    return new ExitError(
      `the schema is not that of this version: ${message}; run bursar migrate`,
      EXIT_CODES.schema,
      options,
    );
  }
  if (isRefused(error)) {
    const sentence = `Postgres refuses this login what it needs: ${message}; grant it, or correct DATABASE_URL`;
    return new ExitError(sentence, EXIT_CODES.refused, options);
  }
  const stack = error instanceof Error ? error.stack : message;
  return new ExitError(
    `a batch failed in a way that nobody foresaw; a restart reads it again: ${stack}`,
    EXIT_CODES.unexpected,
    options,
  );
}
