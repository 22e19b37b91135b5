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
    mock.timers.enable({ apis: ['Date'], now: atMs });
    performance.now = () => this.#nowMs;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  advance(ms: number): void {
    this.#nowMs += ms;
    mock.timers.setTime(this.#nowMs);
  }
}
