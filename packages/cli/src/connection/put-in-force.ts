import { setTimeout as sleep } from 'node:timers/promises';
import type { Activation } from '@bursar/db/configuration/submit-policy';
import { ExitError } from '@bursar/runtime/exit-error';
import type { Context } from '../context.ts';

const ASK_EVERY_MS = 100;

/**
 * Waits until an aggregator has put in force what was submitted (`what`: `Policy version 3`), and says so.
 * @throws ExitError when it was refused, or when nobody did it in time.
 */
export async function untilInForce(
  context: Context,
  what: string,
  waitMs: number,
  ask: () => Promise<Activation>,
): Promise<void> {
  context.terminal.say(`${what} is submitted; waiting for the aggregator to put it in force…`);
  const activation = await settled(ask, waitMs, context.signal);
  if (activation.state === 'refused') {
    throw new ExitError(`${what} was refused: ${activation.because}. The one before stays in force.`);
  }
  if (activation.state === 'waiting') {
    throw new ExitError(
      `No aggregator has put ${what[0]!.toLowerCase()}${what.slice(1)} in force yet. The one before stays in force until one does: ` +
        'start an aggregator; it takes it up by itself. See: bursar status',
    );
  }
  context.terminal.say({ text: `${what} is in force.`, tone: 'good' });
}

async function settled(ask: () => Promise<Activation>, waitMs: number, signal: AbortSignal): Promise<Activation> {
  const deadline = performance.now() + waitMs;
  for (;;) {
    const activation = await ask();
    if (activation.state !== 'waiting' || performance.now() >= deadline || signal.aborted) return activation;
    await sleep(ASK_EVERY_MS, undefined, { signal }).catch(() => {});
  }
}
