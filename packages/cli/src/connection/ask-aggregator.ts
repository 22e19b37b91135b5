import type { Queryable } from '@bursar/db/pool';
import { type AggregatorRequest, submitAggregatorRequest } from '@bursar/db/report/command';
import { ExitError } from '@bursar/runtime/exit-error';
import type { Context } from '../context.ts';
import { EXIT } from '../wrong-use-error.ts';
import { waitForOutcome } from './wait-for-outcome.ts';

/**
 * Asks the aggregator for something, waits, and prints what it did. @throws ExitError when it did nothing: code 3 when a person
 * must decide first.
 */
export async function askAggregator(
  context: Context,
  db: Queryable,
  request: AggregatorRequest,
  waitMs: number,
): Promise<void> {
  const commandId = await submitAggregatorRequest(db, request);
  context.terminal.say(`Asked the aggregator (command ${commandId}); waiting for it…`);
  const outcome = await waitForOutcome(db, commandId, waitMs, context.signal);
  if (outcome === undefined) {
    throw new ExitError(
      `No aggregator answered within ${waitMs / 1_000} s; the command stays in the queue and the next one takes it up. See: bursar status`,
    );
  }
  for (const line of outcome.split('\n')) context.terminal.print(line);
  if (outcome.startsWith('to decide: '))
    throw new ExitError('Nothing was changed: a person must decide.', EXIT.foundSomething);
  if (/^(refused: |0 records)/.test(outcome)) throw new ExitError('Nothing was changed.');
}
