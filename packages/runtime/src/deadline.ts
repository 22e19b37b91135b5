import { exit } from 'node:process';
import type { Log } from './log.ts';

/** Names of the steps that have begun and not ended: what hung, when something hangs. */
export class PendingSteps {
  readonly #names = new Set<string>();

  async during(name: string, step: () => Promise<void> | undefined): Promise<void> {
    this.#names.add(name);
    try {
      await step();
    } finally {
      this.#names.delete(name);
    }
  }

  list(): string[] {
    return [...this.#names];
  }
}

/** Ends the process at once with code 1 and says which steps were still under way. */
export function giveUp(log: Log, because: string, pending: PendingSteps): never {
  const hung = pending.list();
  log.fatal({ hung, exitCode: 1 }, `${because}; still under way: ${hung.join(', ') || 'nothing'}`);
  exit(1);
}
