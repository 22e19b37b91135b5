import type { StopRequest } from './stop-request.ts';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/**
 * Turns signals and errors that nobody caught into stop requests; a second signal calls `onImpatience`.
 * Returns the function that takes the listeners away.
 */
export function stopOnProcessEvents(stop: StopRequest, onImpatience: (because: string) => void): () => void {
  const onSignal = (signal: NodeJS.Signals) => {
    if (stop.signal.aborted) onImpatience(`${signal} while already stopping because of: ${stop.because}`);
    else stop.request(`received ${signal}`);
  };
  const onException = (error: unknown) => stop.fail('uncaught exception', error);
  const onRejection = (error: unknown) => stop.fail('unhandled rejection', error);
  for (const signal of SIGNALS) process.on(signal, onSignal);
  process.on('uncaughtException', onException);
  process.on('unhandledRejection', onRejection);
  return () => {
    for (const signal of SIGNALS) process.off(signal, onSignal);
    process.off('uncaughtException', onException);
    process.off('unhandledRejection', onRejection);
  };
}
