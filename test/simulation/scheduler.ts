import { createHash } from 'node:crypto';
import type { Clock } from './clock.ts';
import type { Random } from './random.ts';

/** A simulated process: what it waits for is lost when it dies. */
export class Process {
  readonly name: string;
  alive = true;
  /** Until this step nothing of it goes on: it was only paused, and will know nothing of what happened meanwhile. */
  stalledUntilStep = 0;
  /** Told when the process has died. */
  onDeath: () => void = () => {};
  /** What keeps a process from being killed: the world itself has no faults. */
  readonly immortal: boolean;

  constructor(name: string, immortal = false) {
    this.name = name;
    this.immortal = immortal;
  }
}

/** One connection's place in the queue for the database's only session. */
export type Session = { readonly process: Process };

export type Point = {
  process: Process;
  label: string;
  run: () => Promise<unknown>;
  notBeforeMs?: number;
  /** What it waits for, besides the time. */
  when?: () => boolean;
  /** Set for statements: they wait while another session has a transaction open. */
  session?: Session;
};

type Waiting = Point & { settle: (outcome: { value: unknown } | { error: unknown }) => void };

export type Faults = { crash: number; stall: number };

const MOST_STEPS = 12_000;

/** Nothing goes on any more, though somebody still wants to: a livelock or a deadlock of the code under test. */
export class NotSettledError extends Error {
  override readonly name = 'NotSettledError';
}

/**
 * The only place where time passes and things happen. Every awaited statement, call and sleep is a point that waits here;
 * one of those that may go on is chosen by the seed. What was chosen may also be where its process dies: before
 * it happens, or after it happened and before anybody hears of it.
 */
export class Scheduler {
  readonly #random: Random;
  readonly #clock: Clock;
  readonly #rollBack: () => Promise<void>;
  #waiting: Waiting[] = [];
  /** Who has a transaction open. */
  holder: Session | undefined;
  faults: Faults = { crash: 0, stall: 0 };
  drift = true;
  step = 0;
  crashes = 0;
  stalls = 0;
  readonly trace: string[] = [];
  readonly #hash = createHash('sha256');

  constructor(random: Random, clock: Clock, rollBack: () => Promise<void>) {
    this.#random = random;
    this.#clock = clock;
    this.#rollBack = rollBack;
  }

  at<T>(point: Omit<Point, 'run'> & { run: () => Promise<T> }): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      // The dead ask for nothing: their promise stays open for ever.
      if (!point.process.alive) return;
      const settle: Waiting['settle'] = (outcome) =>
        'error' in outcome ? reject(outcome.error) : resolve(outcome.value as T);
      this.#waiting.push({ ...point, settle });
    });
  }

  sleep(process: Process, ms: number, label = 'sleep'): Promise<void> {
    return this.at({ process, label, run: async () => {}, notBeforeMs: this.#clock.nowMs + ms });
  }

  /** Waits for something in the world instead of asking for it again and again. */
  until(process: Process, when: () => boolean, label: string): Promise<void> {
    return this.at({ process, label, run: async () => {}, when });
  }

  note(line: string): void {
    const text = `${this.step} ${this.#clock.nowMs} ${line}`;
    this.#hash.update(text);
    this.trace.push(text);
  }

  /** Runs until `isOver`. */
  async run(isOver: () => boolean): Promise<void> {
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      if (isOver()) return;
      if (this.step > MOST_STEPS) throw new NotSettledError(`nothing has settled after ${MOST_STEPS} steps`);
      await this.#go(this.#choose());
    }
  }

  /** Ends a process where it stands. Its open transaction is rolled back. */
  async kill(process: Process): Promise<void> {
    process.alive = false;
    this.#waiting = this.#waiting.filter((point) => point.process !== process);
    if (this.holder?.process === process) {
      this.holder = undefined;
      await this.#rollBack();
    }
    this.note(`${process.name} dies`);
    process.onDeath();
  }

  /** The processes that wait for something, but for one. */
  others(but: Process): Set<Process> {
    return new Set(this.#waiting.map((point) => point.process).filter((process) => process !== but));
  }

  traceHash(): string {
    return this.#hash.copy().digest('hex').slice(0, 16);
  }

  #choose(): Waiting {
    for (;;) {
      const ready = this.#waiting.filter((point) => this.#isReady(point));
      if (ready.length > 0) return this.#random.pick(ready);
      const next = Math.min(...this.#waiting.map((point) => point.notBeforeMs ?? Number.POSITIVE_INFINITY));
      if (this.#waiting.length === 0) throw new NotSettledError('nobody waits for anything');
      this.step++;
      if (Number.isFinite(next) && next > this.#clock.nowMs) this.#clock.advance(next - this.#clock.nowMs);
      else if (this.step > MOST_STEPS) throw new NotSettledError('everybody waits for somebody else');
    }
  }

  #isReady({ process, session, notBeforeMs = 0, when }: Waiting): boolean {
    if (notBeforeMs > this.#clock.nowMs || process.stalledUntilStep > this.step) return false;
    if (when !== undefined && !when()) return false;
    return session === undefined || this.holder === undefined || this.holder === session;
  }

  async #go(point: Waiting): Promise<void> {
    this.step++;
    // Time stands still inside a transaction, so that the world knows at what time it judged.
    if (this.drift && this.holder === undefined) this.#clock.advance(this.#random.int(0, 20));
    this.note(`${point.process.name}: ${point.label}`);
    const mortal = !point.process.immortal;
    if (mortal && this.holder === undefined && this.#random.chance(this.faults.stall)) {
      this.stalls++;
      point.process.stalledUntilStep = this.step + this.#random.int(20, 150);
      return;
    }
    const dies = mortal && this.#random.chance(this.faults.crash);
    if (dies && this.#random.chance(0.5)) return this.#crash(point.process);
    this.#waiting = this.#waiting.filter((other) => other !== point);
    const outcome = await point.run().then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    );
    if (dies) return this.#crash(point.process);
    point.settle(outcome);
  }

  async #crash(process: Process): Promise<void> {
    this.crashes++;
    await this.kill(process);
  }
}
