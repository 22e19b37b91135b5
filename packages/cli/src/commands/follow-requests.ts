import { setTimeout as sleep } from 'node:timers/promises';
import type { Queryable } from '@bursar/db/pool';
import { listRequests, type RequestFilter, type RequestRow } from '@bursar/db/report/requests';
import type { Context, Session } from '../context.ts';
import { cleanJson } from '../output/clean-text.ts';
import { asCsv, asObjects, asTable, type Format } from '../output/listing.ts';
import { requestColumns } from './request-columns.ts';

const POLL_EVERY_MS = 200;
// A poll reads the newest ids; a long stream gets its id at its beginning and is stored at its end.
const LONGEST_REQUEST_MS = 15 * 60_000;
// Rows get their time of storing before they are committed, and a batch commits well within this time.
const COMMIT_LAG_MS = 2_000;
const MOST_PER_POLL = 5_000;
const TOO_MANY =
  'There are more requests than can be shown; some are left out. Narrow them with --key, --role or --service.';

/** Shows the newest requests and then each one as it is stored, until the signal aborts. */
export async function followRequests(
  context: Context,
  { db, now }: Session,
  { filter, format }: { filter: RequestFilter; format: Format },
): Promise<void> {
  const write = rowWriter(context, format);
  // What is stored already and older than the first rows stays unshown; what comes between the two is shown.
  const before = await storedSince(db, filter, now);
  const first = await listRequests(db, filter);
  write(first.reverse());
  context.terminal.say({ text: 'Waiting for requests; Ctrl-C ends.', tone: 'quiet' });
  let known = new Set([...before, ...first].map(({ eventId }) => eventId));
  let newestStoredAt = newest(first, now);
  while (!context.signal.aborted) {
    const startedAt = performance.now();
    const rows = await storedSince(db, filter, newestStoredAt);
    const unseen = rows.filter(({ eventId }) => !known.has(eventId)).reverse();
    write(unseen);
    if (rows.length === MOST_PER_POLL) context.terminal.say({ text: TOO_MANY, tone: 'warning' });
    newestStoredAt = newest(unseen, newestStoredAt);
    // Only what the next poll can return needs to be remembered.
    known = new Set(rows.map(({ eventId }) => eventId));
    // A busy ledger is asked less often: never more than a fifth of the time is spent asking.
    const waitMs = Math.max(POLL_EVERY_MS, 4 * (performance.now() - startedAt));
    await sleep(waitMs, undefined, { signal: context.signal }).catch(() => {});
  }
}

function storedSince(db: Queryable, filter: RequestFilter, newestStoredAt: Date): Promise<RequestRow[]> {
  const storedAfter = new Date(newestStoredAt.getTime() - COMMIT_LAG_MS);
  const occurredSince = new Date(storedAfter.getTime() - LONGEST_REQUEST_MS);
  return listRequests(db, { ...filter, occurredSince, storedAfter, limit: MOST_PER_POLL });
}

function newest(rows: readonly RequestRow[], atLeast: Date): Date {
  return new Date(Math.max(atLeast.getTime(), ...rows.map(({ storedAt }) => storedAt.getTime())));
}

/** JSON becomes a line per request, CSV has its header once, the table keeps its columns where they were. */
function rowWriter({ terminal }: Context, format: Format): (rows: readonly RequestRow[]) => void {
  const columns = requestColumns();
  let header = true;
  const write = {
    json: (rows: readonly RequestRow[]) => {
      for (const row of asObjects({ columns, rows })) terminal.printVerbatim(`${cleanJson(row, 0)}\n`);
    },
    csv: (rows: readonly RequestRow[]) => terminal.printVerbatim(asCsv({ columns, rows }, header)),
    table: (rows: readonly RequestRow[]) => {
      const [titles, ...lines] = asTable({ columns, rows, whenEmpty: '' });
      for (const line of header ? [titles!, ...lines] : lines) terminal.print(line);
    },
  }[format];
  return (rows) => {
    if (rows.length === 0 && !header) return;
    write(rows);
    header = false;
  };
}
