import { mock } from 'node:test';

/**
 * Virtual time. `Date` is replaced for the whole process, and PGlite asks the same `Date` for `clock_timestamp()`,
 * so the code, the database and the world agree on what time it is. `performance.now` follows.
 */
export class Clock {
  #nowMs = 0;

  start(atMs: number): void {
    this.#nowMs = atMs;
    mock.timers.reset();
    // Intervals of the real clock would make two runs of a seed differ; those of the loop only watch and keep alive.
    mock.timers.enable({ apis: ['Date', 'setInterval'], now: atMs });
    performance.now = () => this.#nowMs;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Does something as if it happened so long ago, by the monotonic clock alone. */
  earlier(ms: number, what: () => void): void {
    const nowMs = this.#nowMs;
    this.#nowMs -= ms;
    what();
    this.#nowMs = nowMs;
  }

  advance(ms: number): void {
    this.#nowMs += ms;
    mock.timers.setTime(this.#nowMs);
  }
}
