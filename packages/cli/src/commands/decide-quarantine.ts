import type { Queryable } from '@bursar/db/pool';
import type { QuarantineRequest } from '@bursar/db/report/command';
import { newestHeldFor } from '@bursar/db/report/quarantine';
import type { Command } from 'commander';
import { askAggregator } from '../connection/ask-aggregator.ts';
import { type Context, withSession } from '../context.ts';
import { parseCount, parseReason } from '../options.ts';
import { WrongUseError } from '../wrong-use-error.ts';

type Options = { reason?: string; reasonText?: string; wait: string };

/** Adds `retry` and `discard`. The aggregator carries them out; this only asks. */
export function addDecisions(quarantine: Command, context: Context): void {
  quarantine
    .command('retry')
    .argument('[ids...]', 'their numbers in the list')
    .option('--reason <reason>', 'instead of numbers: all that are held for this reason now')
    .option('--reason-text <text>', 'why, for the record', 'sent again')
    .option('--wait <seconds>', 'how long to wait for the aggregator', '10')
    .description('send records through the log again, as they came; they count, or come back under a new number')
    .addHelpText(
      'after',
      '\nExample:\n  bursar quarantine retry --reason unknown_type --reason-text "aggregator upgraded"',
    )
    .action((ids: string[], options: Options, command: Command) =>
      decide(context, command, 'quarantine_retry', ids, options),
    );
  quarantine
    .command('discard')
    .argument('[ids...]', 'their numbers in the list')
    .option('--reason <reason>', 'instead of numbers: all that are held for this reason now')
    .requiredOption('--reason-text <text>', 'why, for the record')
    .option('--wait <seconds>', 'how long to wait for the aggregator', '10')
    .description('decide that records never count; they stay in `list --all`')
    .addHelpText('after', '\nExample:\n  bursar quarantine discard 17 18 --reason-text "load test, ticket 4711"')
    .action((ids: string[], options: Options, command: Command) =>
      decide(context, command, 'quarantine_discard', ids, options),
    );
}

/** The number of a record. Throws WrongUseError. */
export function parseQuarantineId(text: string): string {
  if (/^\d{1,18}$/.test(text)) return text;
  throw new WrongUseError(`"${text}" is no number of a record; see: bursar quarantine list`);
}

async function decide(
  context: Context,
  command: Command,
  kind: QuarantineRequest['kind'],
  ids: readonly string[],
  options: Options,
): Promise<void> {
  const waitMs = parseCount(options.wait, '--wait', 3_600) * 1_000;
  const reason = parseReason(options.reasonText ?? '', '--reason-text');
  if ((ids.length === 0) === (options.reason === undefined)) {
    throw new WrongUseError(
      'Name the records by their numbers, or all of one kind with --reason; see: bursar quarantine list',
    );
  }
  const named = ids.map(parseQuarantineId);
  await withSession(context, command, async ({ db }) => {
    const request = options.reason === undefined ? { ids: named } : await heldFor(db, options.reason);
    await askAggregator(context, db, { kind, reason, arguments: request }, waitMs);
  });
}

async function heldFor(db: Queryable, reason: string): Promise<{ heldFor: string; upTo: string }> {
  const upTo = await newestHeldFor(db, reason);
  if (upTo !== undefined) return { heldFor: reason, upTo };
  throw new WrongUseError(`No record is held for the reason "${reason}"; see: bursar quarantine list`);
}
