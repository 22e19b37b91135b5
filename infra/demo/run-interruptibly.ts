import type { Narrator } from './narrator.ts';
import { untilStopped } from './until-stopped.ts';

/**
 * Runs work until it ends, fails or is stopped by a signal, gives back what it left with `onExit`, and ends the process.
 * `process.exitCode` is the work's; being stopped before it was set counts as a failure.
 */
export async function runInterruptibly(
  narrator: Narrator,
  work: (onExit: AsyncDisposableStack) => Promise<void>,
): Promise<never> {
  const onExit = new AsyncDisposableStack();
  const interrupted = untilStopped(new Promise<never>(() => {})).then(() => {
    process.exitCode ??= 1;
  });
  const working = work(onExit);
  // What fails because it was interrupted is of no interest.
  working.catch(() => {});
  await Promise.race([working, interrupted]).catch((error: unknown) => {
    narrator.tell('failed', error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  });
  await onExit.disposeAsync();
  // Work that was interrupted half-way has no end of its own; what it started ends with this process.
  process.exit();
}
