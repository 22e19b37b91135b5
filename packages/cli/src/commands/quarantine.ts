import { listQuarantine, type QuarantinedRow, readQuarantined } from '@bursar/db/report/quarantine';
import type { Command } from 'commander';
import { type Context, withSession } from '../context.ts';
import { formatOption, parseInstant } from '../options.ts';
import { type Column, type Format, writeListing } from '../output/listing.ts';
import { relativeText } from '../output/time-text.ts';
import { quarantinedLines } from '../story/quarantined-record.ts';
import { WrongUseError } from '../wrong-use-error.ts';
import { addDecisions, parseQuarantineId } from './decide-quarantine.ts';

const MOST_LISTED = 1_000;

type Options = { reason?: string; since?: string; all?: boolean; format: Format };

export function addQuarantine(program: Command, context: Context): void {
  const quarantine = program
    .command('quarantine')
    .description('records that could not be counted: see why, send them again, or discard them');
  quarantine
    .command('list', { isDefault: true })
    .option('--reason <reason>', 'only those of one reason, such as invalid')
    .option('--since <time>', 'only those that came from this time on: 2h, 30d, 2026-11-01')
    .option('--all', 'with those that were sent again or discarded')
    .addOption(formatOption())
    .description('list what is held, the newest first')
    .addHelpText('after', '\nExample:\n  bursar quarantine list --reason invalid --since 2h')
    .action((options: Options, command: Command) => list(context, command, options));
  quarantine
    .command('show')
    .argument('<id>', 'its number in the list')
    .description('show one record: what is wrong with it, what to do, and the record itself without secrets')
    .addHelpText('after', '\nExample:\n  bursar quarantine show 17')
    .action(async (id: string, _options: unknown, command: Command) => {
      const quarantineId = parseQuarantineId(id);
      await withSession(context, command, async ({ db, now }) => {
        const record = await readQuarantined(db, quarantineId);
        if (record === undefined)
          throw new WrongUseError(`No record ${id} is in quarantine; see: bursar quarantine list`);
        for (const line of quarantinedLines(record, now)) context.terminal.print(line);
      });
    });
  addDecisions(quarantine, context);
}

async function list(
  context: Context,
  command: Command,
  { reason, since, all = false, format }: Options,
): Promise<void> {
  await withSession(context, command, async ({ db, now }) => {
    const rows = await listQuarantine(db, {
      ...(reason === undefined ? {} : { reason }),
      ...(since === undefined ? {} : { since: await parseInstant(db, since, '--since', { now, zone: 'UTC' }) }),
      includeDecided: all,
      limit: MOST_LISTED,
    });
    const whenEmpty = all ? 'Nothing is in quarantine.' : 'Nothing is held in quarantine.';
    writeListing(context.terminal, format, { columns: columns(now, all), rows, whenEmpty });
    if (rows.length === MOST_LISTED) {
      context.terminal.say({
        text: `The newest ${MOST_LISTED} are shown; narrow them with --reason or --since.`,
        tone: 'warning',
      });
    }
  });
}

const columns = (now: Date, all: boolean): Column<QuarantinedRow>[] => [
  { key: 'quarantineId', title: 'RECORD', kind: 'count', value: (row) => row.quarantineId },
  { key: 'reason', title: 'REASON', kind: 'text', value: (row) => row.reason },
  {
    key: 'quarantinedAt',
    title: 'CAME',
    kind: 'time',
    value: (row) => row.quarantinedAt,
    people: (row) => relativeText(row.quarantinedAt, now),
  },
  { key: 'state', ...(all ? { title: 'STATE' } : {}), kind: 'text', value: (row) => row.state },
  { key: 'topic', kind: 'text', value: (row) => row.topic },
  { key: 'partition', kind: 'count', value: (row) => row.partition },
  { key: 'kafkaOffset', kind: 'exact', value: (row) => row.kafkaOffset },
  { key: 'eventId', kind: 'text', value: (row) => row.eventId },
  { key: 'recordBytes', title: 'BYTES', kind: 'count', value: (row) => row.recordBytes },
  { key: 'decidedAt', kind: 'time', value: (row) => row.decidedAt },
  { key: 'decidedBy', ...(all ? { title: 'BY' } : {}), kind: 'text', value: (row) => row.decidedBy },
  { key: 'decidedBecause', kind: 'text', value: (row) => row.decidedBecause },
  { key: 'detail', title: 'WHAT', kind: 'text', value: (row) => row.detail, whole: true },
];
