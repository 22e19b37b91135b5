import { type LimitRow, listLimits } from '@bursar/db/report/limits';
import type { Command } from 'commander';
import { type Context, withSession } from '../context.ts';
import { formatOption } from '../options.ts';
import { amountText, wholeText } from '../output/amount-text.ts';
import { type Column, type Format, writeListing } from '../output/listing.ts';
import type { Tone } from '../output/terminal.ts';
import { relativeText, spanText } from '../output/time-text.ts';

export function addLimits(program: Command, context: Context): void {
  program
    .command('limits')
    .addOption(formatOption())
    .description('how full each limit is now, what happens when it breaks, and until when')
    .addHelpText('after', '\nExample:\n  bursar limits --format json')
    .action(async ({ format }: { format: Format }, command: Command) => {
      await withSession(context, command, async ({ db, now }) => {
        const whenEmpty = 'No limit is in force. Put a policy in force with: bursar apply bursar.yaml --reason "…"';
        writeListing(context.terminal, format, { columns: columns(now), rows: await listLimits(db), whenEmpty });
      });
    });
}

const STATE_TEXT: Record<LimitRow['state'], string> = {
  within: 'within',
  warned: 'warned',
  provisional: 'over, price unknown',
  over: 'over',
  proposed: 'suspension proposed',
  approved: 'suspension approved',
  suspended: 'key suspended',
};

/** What the limit does when it breaks, and when that ends. */
export function actionText({ onBreach, resumeKind, resumeAfterSeconds, standsForSeconds }: LimitRow): string {
  if (onBreach === 'alert') return 'alerts';
  const after = standsForSeconds > 0 ? ` after ${spanText(standsForSeconds * 1_000)}` : '';
  const resume = {
    next_period: 'until the next period',
    after: `for ${spanText((resumeAfterSeconds ?? 0) * 1_000)}`,
    manual: 'until a person resumes',
  }[resumeKind];
  return `suspends${after} ${resume}`;
}

export function stateTone(state: LimitRow['state']): Tone {
  if (state === 'within') return 'good';
  return state === 'over' || state === 'suspended' ? 'bad' : 'warning';
}

const columns = (now: Date): Column<LimitRow>[] => [
  { key: 'limit', title: 'LIMIT', kind: 'text', value: (row) => row.limit },
  { key: 'selects', kind: 'text', value: (row) => row.selects },
  {
    key: 'subject',
    title: 'COUNTS',
    kind: 'text',
    value: (row) => row.subject,
    people: subjectText,
  },
  { key: 'metric', kind: 'text', value: (row) => row.metric },
  {
    key: 'used',
    title: 'USED',
    kind: 'exact',
    value: (row) => exactAmount(row, row.used),
    people: (row) => amountText(row.metric, row.used),
  },
  { key: 'provisional', kind: 'exact', value: (row) => exactAmount(row, row.provisional) },
  {
    key: 'amount',
    title: 'OF',
    kind: 'exact',
    value: (row) => exactAmount(row, row.amount),
    people: (row) => amountText(row.metric, row.amount),
  },
  { key: 'percent', title: '%', kind: 'count', value: (row) => row.percent, tone: (row) => stateTone(row.state) },
  {
    key: 'period',
    title: 'PER',
    kind: 'text',
    value: (row) => row.period,
    people: (row) => row.period.replace('_', ' '),
  },
  {
    key: 'state',
    title: 'STATE',
    kind: 'text',
    value: (row) => row.state,
    people: (row) => STATE_TEXT[row.state],
    tone: (row) => stateTone(row.state),
  },
  { key: 'onBreach', title: 'WHEN BROKEN', kind: 'text', value: (row) => row.onBreach, people: actionText },
  { key: 'windowStart', kind: 'time', value: (row) => row.windowStart },
  {
    key: 'windowEnd',
    title: 'NEW PERIOD',
    kind: 'time',
    value: (row) => row.windowEnd,
    people: (row) => newPeriodText(row, now),
  },
];

/** A limit for each key has a row without a subject while none of its keys was used in the open window. */
function subjectText({ subject, each, selects, period }: LimitRow): string {
  if (subject !== null || each !== 'key') return subject ?? selects;
  if (period === 'total') return `${selects}: no traffic yet`;
  return `${selects}: no traffic this ${period === 'sliding_minute' ? 'minute' : period}`;
}

function newPeriodText({ period, windowEnd }: LimitRow, now: Date): string {
  if (period === 'sliding_minute') return 'slides';
  return period === 'total' || windowEnd === null ? 'never' : relativeText(windowEnd, now);
}

/** Whole numbers of tokens and requests lose the empty fraction that the column of all metrics needs. */
function exactAmount({ metric }: LimitRow, decimal: string): string {
  return metric === 'cost' ? decimal : wholeText(decimal);
}
