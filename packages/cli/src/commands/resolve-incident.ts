import type { Command } from 'commander';
import { askAggregator } from '../connection/ask-aggregator.ts';
import { type Context, withSession } from '../context.ts';
import { parseCount, parseReason } from '../options.ts';
import { WrongUseError } from '../wrong-use-error.ts';

type Options = { reason: string; acceptLoss?: boolean; wait: string };

/** Adds `resolve`. The aggregator carries it out; this only asks. */
export function addResolve(incidents: Command, context: Context): void {
  incidents
    .command('resolve')
    .argument('<id>', 'its number in the list')
    .requiredOption('--reason <text>', 'why, for the record')
    .option('--accept-loss', 'go on although records will never be counted; `show` says how many')
    .option('--wait <seconds>', 'how long to wait for the aggregator', '10')
    .description('close an incident knowingly; a partition that it halts is read on, as `show` says')
    .addHelpText(
      'after',
      '\nEnds with 3 when a loss must be accepted first.\n\nExample:\n  bursar incidents resolve 7 --accept-loss --reason "ticket 4711: retention was too short"',
    )
    .action(async (id: string, { reason, acceptLoss, wait }: Options, command: Command) => {
      const given = { incidentId: parseIncidentId(id), accept: acceptLoss ?? false };
      const request = { kind: 'incident_resolve', arguments: given, reason: parseReason(reason) } as const;
      const waitMs = parseCount(wait, '--wait', 3_600) * 1_000;
      await withSession(context, command, ({ db }) => askAggregator(context, db, request, waitMs));
    });
}

/** The number of an incident. Throws WrongUseError. */
export function parseIncidentId(text: string): string {
  if (/^\d{1,18}$/.test(text)) return text;
  throw new WrongUseError(`"${text}" is no number of an incident; see: bursar incidents list`);
}
