import { fullJitter } from './backoff.ts';
import { describeError } from './describe-error.ts';
import { ExitError } from './exit-error.ts';
import type { Log } from './log.ts';
import type { Part } from './part.ts';

export type LoopOptions = {
  name: string;
  /** From the start of one tick to the start of the next. A tick that takes longer is followed at once. */
  everyMs: number;
  tick(signal: AbortSignal): Promise<void>;
  log: Log;
  /** Told of each failed tick, for a counter. Must not throw. */
  onError?(error: unknown): void;
  /** Not ready when the last success is older than this many × `everyMs`. Default 5. */
  staleAfterTicks?: number;
  /** Longest wait after failures. Default 10 s. */
  backoffCapMs?: number;
  /** Monotonic milliseconds and a source of jitter, for tests. */
  now?: () => number;
  random?: () => number;
};

export type Loop = Required<Pick<Part, 'name' | 'run' | 'drain' | 'ready'>> & {
  /** Runs the tick now, or once more after the one under way; many calls make one tick. */
  wake(): void;
  /** Runs one tick after the one under way and rejects with its error; works without `run`. */
  tickNow(): Promise<void>;
};

/**
 * A Part that runs `tick` at once and then each `everyMs`, never two at a time. A failed tick is logged (warn, from the
 * third in a row error) and tried again after a jittered backoff; an ExitError ends the process.
 */
export function createLoop(options: LoopOptions): Loop {
  return new PeriodicLoop(options);
}

const BACKOFF_BASE_MS = 1_000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

class PeriodicLoop implements Loop {
  readonly name: string;
  readonly #options: LoopOptions;
  readonly #now: () => number;
  #signal: AbortSignal = new AbortController().signal;
  #underWay: Promise<void> = Promise.resolve();
  #interruptPause: () => void = () => {};
  #wakeRequested = false;
  #failuresInARow = 0;
  #lastFailure = '';
  #lastSuccessAt: number | undefined;

  constructor(options: LoopOptions) {
    if (!(options.everyMs > 0 && options.everyMs <= LONGEST_TIMER_MS))
      throw new RangeError(`loop ${options.name}: everyMs must be between 1 and ${LONGEST_TIMER_MS}`);
    this.name = options.name;
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  async run(signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    signal.addEventListener('abort', () => this.#interruptPause(), { once: true });
    while (!signal.aborted) {
      const startedAt = this.#now();
      this.#wakeRequested = false;
      await this.tickNow().catch((error) => this.#report(error));
      await this.#pause(this.#delayMs(startedAt));
    }
  }

  wake(): void {
    this.#wakeRequested = true;
    this.#interruptPause();
  }

  tickNow(): Promise<void> {
    const turn = this.#underWay.then(() => this.#tick());
    this.#underWay = turn.catch(() => {});
    return turn;
  }

  async drain(): Promise<void> {
    await this.#underWay;
  }

  ready(): true | string {
    const { everyMs, staleAfterTicks = 5 } = this.#options;
    const cause = this.#lastFailure === '' ? '' : `; last failure: ${this.#lastFailure}`;
    if (this.#lastSuccessAt === undefined) return `has not succeeded yet${cause}`;
    const ageMs = this.#now() - this.#lastSuccessAt;
    if (ageMs <= staleAfterTicks * everyMs) return true;
    return `last success ${Math.round(ageMs)} ms ago, expected each ${everyMs} ms${cause}`;
  }

  async #tick(): Promise<void> {
    try {
      await this.#options.tick(this.#signal);
      this.#lastSuccessAt = this.#now();
      this.#failuresInARow = 0;
      this.#lastFailure = '';
    } catch (error) {
      this.#failuresInARow += 1;
      this.#lastFailure = describeError(error);
      throw error;
    }
  }

  #report(error: unknown): void {
    if (error instanceof ExitError) throw error;
    // A tick that gave up because it was told to is no failure.
    if (this.#signal.aborted) return;
    const level = this.#failuresInARow < 3 ? 'warn' : 'error';
    const failuresInARow = this.#failuresInARow;
    this.#options.log[level]({ loop: this.name, failuresInARow, err: error }, `${this.name} failed; will try again`);
    this.#options.onError?.(error);
  }

  #delayMs(startedAt: number): number {
    const { everyMs, backoffCapMs = 10_000, random = Math.random } = this.#options;
    if (this.#failuresInARow === 0) return Math.max(0, everyMs - (this.#now() - startedAt));
    const baseMs = Math.min(everyMs, BACKOFF_BASE_MS);
    return fullJitter(this.#failuresInARow, { baseMs, capMs: backoffCapMs, random });
  }

  #pause(delayMs: number): Promise<void> {
    if (this.#wakeRequested || this.#signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, delayMs);
      this.#interruptPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
