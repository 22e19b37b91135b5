import { type FindingRow, listFindings } from '@bursar/db/report/findings';
import type { Command } from 'commander';
import { type Context, withSession } from '../context.ts';
import { formatOption } from '../options.ts';
import { type Column, type Format, writeListing } from '../output/listing.ts';
import { relativeText } from '../output/time-text.ts';

export function addFindings(program: Command, context: Context): void {
  program
    .command('findings')
    .description('what is wrong but broke no limit, such as a key that nothing names')
    .command('list', { isDefault: true })
    .option('--all', 'with those that are resolved')
    .addOption(formatOption())
    .description('list open findings, the newest first')
    .addHelpText('after', '\nExample:\n  bursar findings list --format csv > findings.csv')
    .action(async ({ all, format }: { all?: boolean; format: Format }, command: Command) => {
      await withSession(context, command, async ({ db, now }) => {
        const rows = await listFindings(db, all);
        writeListing(context.terminal, format, { columns: columns(now), rows, whenEmpty: 'Nothing was found wrong.' });
      });
    });
}

const columns = (now: Date): Column<FindingRow>[] => [
  { key: 'findingId', title: 'FINDING', kind: 'count', value: (finding) => finding.findingId },
  { key: 'kind', title: 'KIND', kind: 'text', value: (finding) => finding.kind },
  { key: 'subject', title: 'ABOUT', kind: 'text', value: (finding) => finding.subject },
  { key: 'times', title: 'TIMES', kind: 'count', value: (finding) => finding.times },
  { key: 'firstSeenAt', kind: 'time', value: (finding) => finding.firstSeenAt },
  {
    key: 'lastSeenAt',
    title: 'LAST SEEN',
    kind: 'time',
    value: (finding) => finding.lastSeenAt,
    people: (finding) => relativeText(finding.lastSeenAt, now),
  },
  { key: 'resolvedAt', kind: 'time', value: (finding) => finding.resolvedAt },
  { key: 'sentence', title: 'WHAT', kind: 'text', value: (finding) => finding.sentence, whole: true },
];
