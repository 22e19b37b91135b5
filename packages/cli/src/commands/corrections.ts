import { type CorrectionRow, sumCorrections } from '@bursar/db/report/corrections';
import { USAGE_GROUPS } from '@bursar/db/report/usage';
import type { Command } from 'commander';
import { type Context, type Session, withSession } from '../context.ts';
import { formatOption, parseInstant, parseZone } from '../options.ts';
import { type Column, type Format, writeListing } from '../output/listing.ts';
import { utcMinuteText } from '../output/time-text.ts';
import { WrongUseError } from '../wrong-use-error.ts';
import { policyZone } from './usage.ts';
import { groupColumn, parseGroups, sumColumns } from './usage-columns.ts';

type Options = { by: string; since: string; until?: string; zone?: string; format: Format };

export function addCorrections(program: Command, context: Context): void {
  program
    .command('corrections')
    .option('--by <groups>', `comma-separated: ${Object.keys(USAGE_GROUPS).join(', ')}`, 'day,key')
    .option('--since <time>', 'recorded from this time on: when you last closed the books', '30d')
    .option('--until <time>', 'recorded up to this time, not including it; default now')
    .option('--zone <zone>', 'whose days are meant; default that of the policy')
    .addOption(formatOption())
    .description('what was added to days that were closed already (an hour after their end), by late events')
    .addHelpText(
      'after',
      '\nExamples:\n  bursar corrections --since 2026-11-03\n' +
        '  bursar corrections --by month,service --since 2026-11-03 --format csv',
    )
    .action((options: Options, command: Command) =>
      withSession(context, command, (session) => writeCorrections(context, session, options)),
    );
}

async function writeCorrections(context: Context, session: Session, options: Options): Promise<void> {
  const { db, now } = session;
  const by = parseGroups(options.by);
  const zone = options.zone === undefined ? await policyZone(session) : parseZone(options.zone);
  const instant = (text: string, option: string) => parseInstant(db, text, option, { now, zone });
  const recordedFrom = await instant(options.since, '--since');
  const recordedTo = options.until === undefined ? now : await instant(options.until, '--until');
  if (recordedFrom >= recordedTo) {
    throw new WrongUseError(`--since ${options.since} is not before --until ${options.until ?? 'now'}.`);
  }
  const rows = await sumCorrections(db, { by, recordedFrom, recordedTo, zone });
  const span = `${utcMinuteText(recordedFrom)} to ${utcMinuteText(recordedTo)}`;
  writeListing(context.terminal, options.format, {
    columns: [...by.map((group) => groupColumn(group) as Column<CorrectionRow>), ...recordedColumns, ...sumColumns()],
    rows,
    whenEmpty: `No closed day was changed from ${span}: what you exported before still holds.`,
  });
  context.terminal.say({
    text: `Recorded from ${span}, days of ${zone}. Each amount is what came on top.`,
    tone: 'quiet',
  });
}

const recordedColumns: Column<CorrectionRow>[] = [
  { key: 'corrections', kind: 'count', value: (row) => Number(row.corrections) },
  { key: 'firstRecordedAt', kind: 'time', value: (row) => row.firstRecordedAt },
  {
    key: 'lastRecordedAt',
    title: 'LAST RECORDED',
    kind: 'time',
    value: (row) => row.lastRecordedAt,
    people: (row) => utcMinuteText(row.lastRecordedAt),
  },
];
