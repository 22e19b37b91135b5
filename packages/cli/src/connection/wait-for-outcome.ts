import { setTimeout as sleep } from 'node:timers/promises';
import type { Queryable } from '@bursar/db/pool';
import { commandOutcome } from '@bursar/db/report/command';

const ASK_EVERY_MS = 100;

/** What the service that took a command did, in its words; undefined when the time is up or the signal aborts before. */
export async function waitForOutcome(
  db: Queryable,
  commandId: string,
  waitMs: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  const deadline = performance.now() + waitMs;
  for (;;) {
    const outcome = await commandOutcome(db, commandId);
    if (outcome !== undefined || performance.now() >= deadline || signal.aborted) return outcome;
    await sleep(ASK_EVERY_MS, undefined, { signal }).catch(() => {});
  }
}
