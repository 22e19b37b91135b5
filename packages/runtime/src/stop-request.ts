import { reportFatal } from './exit-error.ts';
import type { Log } from './log.ts';

/**
 * The one decision to end the service: who asked first, the exit code it leads to, and the signal every part sees.
 * Later requests are logged, may turn a clean exit into a failed one, and change nothing else.
 */
export class StopRequest {
  readonly #controller = new AbortController();
  readonly #log: Log;
  #because = '';
  #exitCode = 0;

  constructor(log: Log) {
    this.#log = log;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Why the service stops; empty while it does not. */
  get because(): string {
    return this.#because;
  }

  get exitCode(): number {
    return this.#exitCode;
  }

  /** Asks for a clean end. */
  request(because: string): void {
    if (this.signal.aborted) return;
    this.#because = because;
    this.#log.info({ reason: because }, `stopping: ${because}`);
    this.#controller.abort(new Error(`the service is stopping: ${because}`));
  }

  /** Asks for an end because something failed: one clear line for an ExitError, the stack for all else. */
  fail(what: string, error: unknown): void {
    const exitCode = reportFatal(this.#log, what, error);
    if (this.#exitCode === 0) this.#exitCode = exitCode;
    this.request(what);
  }
}
