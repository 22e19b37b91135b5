import {
  addAccount,
  COMPLETENESS_GROUPS,
  type CompletenessGroup,
  type CompletenessRow,
  loadCompleteness,
  nothing,
} from '@bursar/db/report/completeness';
import { type LedgerReach, ledgerReach, silentBefore, whyBehind } from '@bursar/db/report/ledger-reach';
import type { Context, Session } from '../context.ts';
import { parseInstant } from '../options.ts';
import { countText } from '../output/amount-text.ts';
import { type Column, type Format, writeListing } from '../output/listing.ts';
import type { Line } from '../output/terminal.ts';
import { utcMinuteText } from '../output/time-text.ts';
import { WrongUseError } from '../wrong-use-error.ts';

const HOUR_MS = 3_600_000;
const KEPT_DAYS = 35;
/** As the scheduler has it unless told otherwise. */
const SILENT_AFTER_MS = 10 * 60_000;

export type CompletenessOptions = {
  /** Undefined: by service and hour. */
  by: string | undefined;
  /** Undefined: since 24 hours ago. */
  since: string | undefined;
  until: string | undefined;
  format: Format;
};

/** Writes what became of every request that emitters numbered, and says whether the books are complete. Throws WrongUseError. */
export async function writeCompleteness(
  context: Context,
  session: Session,
  options: CompletenessOptions,
): Promise<void> {
  const { db } = session;
  const by = parseGroups(options.by ?? 'service,hour');
  const range = await rangeOf(session, options);
  const reach = await ledgerReach(db);
  const rows = await loadCompleteness(db, { by, range, silentBefore: silentBefore(reach, SILENT_AFTER_MS) });
  const total = rows.reduce(addAccount, { ...nothing(), droppedBy: {} });
  const span = `${utcMinuteText(range.from)} to ${utcMinuteText(range.to)}`;
  writeListing(context.terminal, options.format, {
    columns: [...by.map(groupColumn), ...countColumns()],
    rows,
    total,
    whenEmpty: `No emitter was heard of from ${span}.`,
  });
  if (rows.length > 0) for (const line of verdict(total, reach)) context.terminal.say(line);
  context.terminal.say({ text: `Of requests that ended from ${span}.`, tone: 'quiet' });
}

/** Whole hours: the first one that is asked for, up to the end of the last. */
async function rangeOf({ db, now }: Session, { since = '24h', until }: CompletenessOptions) {
  const from = await parseInstant(db, since, '--since', { now, zone: 'UTC' });
  const to = until === undefined ? now : await parseInstant(db, until, '--until', { now, zone: 'UTC' });
  if (from >= to) throw new WrongUseError(`--since ${since} is not before --until ${until ?? 'now'}.`);
  if (now.getTime() - from.getTime() > (KEPT_DAYS + 1) * 24 * HOUR_MS)
    throw new WrongUseError(
      `--since ${since} is too long ago: the numbers of emitters are kept for ${KEPT_DAYS} days.`,
    );
  return {
    from: new Date(Math.floor(from.getTime() / HOUR_MS) * HOUR_MS),
    to: new Date(Math.ceil(to.getTime() / HOUR_MS) * HOUR_MS),
  };
}

function parseGroups(text: string): CompletenessGroup[] {
  const groups = [...new Set(text.split(',').map((group) => group.trim()))];
  const unknown = groups.find((group) => !COMPLETENESS_GROUPS.includes(group as CompletenessGroup));
  if (unknown === undefined) return groups as CompletenessGroup[];
  throw new WrongUseError(`--by has "${unknown}"; with --completeness it takes ${COMPLETENESS_GROUPS.join(', ')}.`);
}

/** The last word: whether the books are complete, as far as the ledger has read. */
function verdict(total: CompletenessRow, reach: LedgerReach): Line[] {
  const { emitted, missing, unknownTail, onTheWay } = total;
  const isBehind = reach.upTo === undefined;
  const behind: Line[] = isBehind
    ? [{ text: `Not everything has been read: ${whyBehind(reach)}.`, tone: 'warning' }]
    : [];
  const all = countText(emitted);
  if (missing + unknownTail > 0) {
    const text =
      `The books are not complete: ${countText(missing)} missing, ${countText(unknownTail)} in the tails of emitters ` +
      'that ended without a goodbye. Look at: bursar incidents list';
    return [{ text, tone: 'bad' }, ...behind];
  }
  if (onTheWay > 0) return [`Nothing is missing so far; ${countText(onTheWay)} of ${all} are on their way.`, ...behind];
  if (isBehind) return ['Nothing is missing so far.', ...behind];
  const text = `The books are complete: each of the ${all} requests that emitters numbered is counted, in quarantine or reported as dropped.`;
  return [{ text, tone: 'good' }];
}

function groupColumn(group: CompletenessGroup): Column<CompletenessRow> {
  const title = group.toUpperCase();
  if (group !== 'hour') return { key: group, title, kind: 'text', value: (row) => row[group] };
  return {
    key: 'hour',
    title,
    kind: 'time',
    value: (row) => row.hour,
    people: ({ hour }) => (hour === undefined ? '' : utcMinuteText(hour)),
  };
}

function countColumns(): Column<CompletenessRow>[] {
  const titles = {
    emitted: 'EMITTED',
    counted: 'COUNTED',
    quarantined: 'QUARANTINED',
    dropped: 'DROPPED',
    onTheWay: 'ON THE WAY',
    missing: 'MISSING',
    unknownTail: 'UNKNOWN TAIL',
    duplicates: 'DUPLICATES',
  } as const;
  const counts = Object.entries(titles) as [keyof typeof titles, string][];
  return [
    ...counts.map(
      ([key, title]): Column<CompletenessRow> => ({
        key,
        title,
        kind: 'count',
        value: (row) => row[key],
        people: (row) => countText(row[key]),
        tone: (row) => ((key === 'missing' || key === 'unknownTail') && row[key] > 0 ? 'bad' : 'plain'),
      }),
    ),
    {
      key: 'droppedBy',
      kind: 'text',
      value: ({ droppedBy }) =>
        Object.entries(droppedBy)
          .map(([reason, count]) => `${reason}=${count}`)
          .join(' '),
    },
  ];
}
