import type { Log } from './log.ts';

/**
 * An error that ends the process with a code of its own and one clear line instead of a stack.
 * Give each reason that an operator must tell apart its own code; 1 is "failed", 2 is "wrong configuration".
 */
export class ExitError extends Error {
  override readonly name: string = 'ExitError';
  readonly exitCode: number;

  constructor(message: string, exitCode = 1, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** Builds something from the configuration; what it throws ends the process with its message and code 2. */
export function configured<T>(build: () => T): T {
  try {
    return build();
  } catch (error) {
    if (error instanceof ExitError || !(error instanceof Error)) throw error;
    throw new ExitError(error.message, 2, { cause: error });
  }
}

/** Logs why the process ends, one line for an ExitError and the stack for all else, and returns the exit code. */
export function reportFatal(log: Log, what: string, error: unknown): number {
  if (error instanceof ExitError) {
    log.fatal({ exitCode: error.exitCode }, `${what}: ${error.message}`);
    return error.exitCode;
  }
  log.fatal({ exitCode: 1, err: error }, what);
  return 1;
}
