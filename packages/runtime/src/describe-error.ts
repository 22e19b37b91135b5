/** What went wrong in one line, for errors of unknown origin; never empty. */
export function describeError(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') {
    // Connecting to a name with several addresses fails with one error per address and no message of its own.
    return [...new Set(error.errors.map(describeError))].join('; ');
  }
  if (error instanceof Error) return error.message || String((error as NodeJS.ErrnoException).code ?? error.name);
  return String(error);
}
