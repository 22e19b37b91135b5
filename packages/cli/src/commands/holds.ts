import { type HoldRow, listHolds } from '@bursar/db/report/holds';
import type { Command } from 'commander';
import { type Context, withSession } from '../context.ts';
import { formatOption } from '../options.ts';
import { type Column, type Format, writeListing } from '../output/listing.ts';
import { relativeText } from '../output/time-text.ts';

export function addHolds(program: Command, context: Context): void {
  program
    .command('holds')
    .description('reasons why keys are, or may soon be, switched off')
    .command('list', { isDefault: true })
    .option('--all', 'with those that ended')
    .addOption(formatOption())
    .description('list open holds, the newest first')
    .addHelpText('after', '\nExample:\n  bursar holds list --all')
    .action(async ({ all, format }: { all?: boolean; format: Format }, command: Command) => {
      await withSession(context, command, async ({ db, now }) => {
        const rows = await listHolds(db, { ended: all ?? false });
        writeListing(context.terminal, format, { columns: columns(now), rows, whenEmpty: 'No key is held.' });
      });
    });
}

const columns = (now: Date): Column<HoldRow>[] => [
  { key: 'holdId', title: 'HOLD', kind: 'count', value: (hold) => hold.holdId },
  { key: 'key', title: 'KEY', kind: 'text', value: (hold) => hold.key },
  { key: 'apiKeyId', kind: 'text', value: (hold) => hold.apiKeyId },
  { key: 'cause', title: 'CAUSE', kind: 'text', value: (hold) => hold.cause },
  { key: 'rule', title: 'RULE', kind: 'text', value: (hold) => hold.rule },
  {
    key: 'state',
    title: 'STATE',
    kind: 'text',
    value: (hold) => hold.state,
    people: (hold) => hold.state.replace('_', ' '),
    tone: (hold) => (hold.state === 'in_force' ? 'bad' : hold.state === 'proposed' ? 'warning' : 'plain'),
  },
  {
    key: 'proposedAt',
    title: 'SINCE',
    kind: 'time',
    value: (hold) => hold.proposedAt,
    people: (hold) => relativeText(hold.inForceAt ?? hold.proposedAt, now),
  },
  { key: 'inForceAt', kind: 'time', value: (hold) => hold.inForceAt },
  {
    key: 'resumeAt',
    title: 'RESUMES',
    kind: 'time',
    value: (hold) => hold.resumeAt,
    people: (hold) =>
      hold.endedAt
        ? `ended ${relativeText(hold.endedAt, now)}`
        : hold.resumeAt
          ? relativeText(hold.resumeAt, now)
          : 'by a person',
  },
  { key: 'endedAt', kind: 'time', value: (hold) => hold.endedAt },
  { key: 'endedBecause', kind: 'text', value: (hold) => hold.endedBecause },
  { key: 'sentence', title: 'WHY', kind: 'text', value: (hold) => hold.sentence, whole: true },
];
