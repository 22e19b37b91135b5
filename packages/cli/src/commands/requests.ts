import { findRequests, type RequestDetail } from '@bursar/db/report/request';
import { listRequests, type RequestFilter } from '@bursar/db/report/requests';
import { ExitError } from '@bursar/runtime/exit-error';
import type { Command } from 'commander';
import { type Context, type Session, withSession } from '../context.ts';
import { formatOption, parseCount, parseInstant } from '../options.ts';
import { cleanJson } from '../output/clean-text.ts';
import { type Format, writeListing } from '../output/listing.ts';
import { requestStory } from '../story/request-story.ts';
import { followRequests } from './follow-requests.ts';
import { requestColumns } from './request-columns.ts';

type Options = {
  key?: string;
  role?: string;
  service?: string;
  since: string;
  limit: string;
  follow?: boolean;
  format: Format;
};

const MOST_ROWS = 100_000;

export function addRequests(program: Command, context: Context): void {
  const requests = program
    .command('requests')
    .description('which key made each request, and what it cost')
    .addHelpText(
      'after',
      '\nExamples:\n  bursar requests --follow\n  bursar requests --key prod-search-service --since 2h\n\nOptions such as --follow are those of `list`: bursar requests list --help',
    );
  requests
    .command('list', { isDefault: true })
    .option('--key <key>', 'only this key: name, hint, apikey_… or SHA-256')
    .option('--role <role>', 'only this role')
    .option('--service <service>', 'only this service')
    .option('--since <time>', 'from this time on: 15min, 2h, 30d, 2026-11-01', '1d')
    .option('--limit <count>', 'at most this many, the newest', '20')
    .option('-f, --follow', 'keep running and show each request as it is counted')
    .addOption(formatOption())
    .description('list the newest requests')
    .addHelpText(
      'after',
      '\nExamples:\n  bursar requests --follow\n  bursar requests list --key prod-search-service --since 2h --format csv',
    )
    .action(async (options: Options, command: Command) => {
      await withSession(context, command, (session) => list(context, session, options));
    });
  requests
    .command('show')
    .argument('<id>', 'the request id (req_…) or event id')
    .option('--since <time>', 'how far back to look for a request id', '7d')
    .option('--json', 'everything the ledger holds, for programs')
    .description('tell everything about one request')
    .addHelpText('after', '\nExample:\n  bursar requests show req_011CSHoEeqs5C35K2UUqR7Fy')
    .action(async (id: string, { since, json }: { since: string; json?: boolean }, command: Command) => {
      await withSession(context, command, async (session) => {
        showRequests(context, session, await requestsNamed(session, id, since), json ?? false);
      });
    });
}

/** The attempts with this id. Throws ExitError when there are none. */
export async function requestsNamed({ db, now }: Session, id: string, since: string): Promise<RequestDetail[]> {
  const found = await findRequests(db, id, await parseInstant(db, since, '--since', { now, zone: 'UTC' }));
  if (found.length > 0) return found;
  throw new ExitError(
    `No request ${id} was counted in the time searched (--since ${since}). It may have been made around the meter, ` +
      'be still on its way, or be older.',
  );
}

export function showRequests(context: Context, { now }: Session, found: readonly RequestDetail[], json: boolean): void {
  if (json) context.terminal.printVerbatim(`${cleanJson(found)}\n`);
  else for (const request of found) for (const line of requestStory(request, now)) context.terminal.print(line);
}

async function list(context: Context, session: Session, options: Options): Promise<void> {
  const filter = await filterOf(session, options);
  if (options.follow) return await followRequests(context, session, { filter, format: options.format });
  const rows = await listRequests(session.db, filter);
  const columns = requestColumns();
  writeListing(context.terminal, options.format, {
    columns,
    rows,
    whenEmpty: `No request matches since ${options.since}.`,
  });
  if (rows.length === filter.limit)
    context.terminal.say(`The newest ${filter.limit} are shown; see more with --limit.`);
}

async function filterOf({ db, now }: Session, { key, role, service, since, limit }: Options): Promise<RequestFilter> {
  return {
    ...(key === undefined ? {} : { key }),
    ...(role === undefined ? {} : { role }),
    ...(service === undefined ? {} : { service }),
    occurredSince: await parseInstant(db, since, '--since', { now, zone: 'UTC' }),
    limit: parseCount(limit, '--limit', MOST_ROWS),
  };
}
