import { loadEnforcement } from '@bursar/db/report/enforcement';
import { MINUTES_KEPT_MS, sumUsage, USAGE_GROUPS, type UsageGroup } from '@bursar/db/report/usage';
import type { Command } from 'commander';
import { type Context, type Session, withSession } from '../context.ts';
import { formatOption, parseInstant, parseZone } from '../options.ts';
import { type Format, writeListing } from '../output/listing.ts';
import { utcMinuteText } from '../output/time-text.ts';
import { WrongUseError } from '../wrong-use-error.ts';
import { writeCompleteness } from './completeness.ts';
import { groupColumn, parseGroups, sumColumns, totalOf } from './usage-columns.ts';

const MINUTE_MS = 60_000;
const QUARTER_HOUR_MS = 15 * MINUTE_MS;

type Options = { by: string; since: string; until?: string; zone?: string; completeness?: boolean; format: Format };

export function addUsage(program: Command, context: Context): void {
  program
    .command('usage')
    .option('--by <groups>', `comma-separated: ${Object.keys(USAGE_GROUPS).join(', ')}`, 'key')
    .option('--since <time>', 'from this time on: 2h, 30d (from midnight), 2026-11-01', '30d')
    .option('--until <time>', 'up to this time, not including it; default now')
    .option('--zone <zone>', 'whose days are meant; default that of the policy')
    .option('--completeness', 'whether anything is missing: what became of each request that emitters numbered')
    .addOption(formatOption())
    .description('what was used and what it cost, broken down as you like')
    .addHelpText(
      'after',
      '\nExamples:\n  bursar usage --by workspace,key --since 30d\n' +
        '  bursar usage --by service,month --since 2026-01-01 --zone Europe/Berlin --format csv\n' +
        '  bursar usage --completeness --since 24h\n  bursar usage --completeness --by emitter --since 7d\n\n' +
        'With --completeness: --by service,hour unless told (also emitter, boot), --since 24h unless told, hours in UTC.',
    )
    .action(async (options: Options, command: Command) => {
      if (options.completeness) {
        const told = (name: 'by' | 'since') =>
          command.getOptionValueSource(name) === 'default' ? undefined : options[name];
        const { until, format } = options;
        const asked = { by: told('by'), since: told('since'), until, format };
        return await withSession(context, command, (session) => writeCompleteness(context, session, asked));
      }
      const by = parseGroups(options.by);
      await withSession(context, command, (session) => writeUsage(context, session, { ...options, by }));
    });
}

async function writeUsage(context: Context, session: Session, options: Omit<Options, 'by'> & { by: UsageGroup[] }) {
  const zone = options.zone === undefined ? await policyZone(session) : parseZone(options.zone);
  const range = await rangeOf(session, options, zone);
  const rows = await sumUsage(session.db, { by: options.by, zone, ...range });
  const columns = [...options.by.map(groupColumn), ...sumColumns()];
  const span = `${utcMinuteText(range.from)} to ${utcMinuteText(range.to)}, days of ${zone}`;
  writeListing(context.terminal, options.format, {
    columns,
    rows,
    total: { [options.by[0]!]: 'total', ...totalOf(rows) },
    whenEmpty: `Nothing was used from ${span}.`,
  });
  context.terminal.say({ text: `From ${span}.`, tone: 'quiet' });
}

/** Both ends on the grain of a cube: the beginning rounded down, the end up, so that nothing asked for is left out. */
async function rangeOf({ db, now }: Session, { since, until }: Pick<Options, 'since' | 'until'>, zone: string) {
  const from = await parseInstant(db, since, '--since', { now, zone });
  const to = until === undefined ? now : await parseInstant(db, until, '--until', { now, zone });
  if (from >= to) throw new WrongUseError(`--since ${since} is not before --until ${until ?? 'now'}.`);
  const asked = until === undefined ? [from] : [from, to];
  const offQuarterHour = asked.some((at) => at.getTime() % QUARTER_HOUR_MS >= MINUTE_MS);
  const fine = offQuarterHour && now.getTime() - from.getTime() < MINUTES_KEPT_MS;
  const grainMs = fine ? MINUTE_MS : QUARTER_HOUR_MS;
  return {
    from: new Date(Math.floor(from.getTime() / grainMs) * grainMs),
    to: new Date(Math.ceil(to.getTime() / grainMs) * grainMs),
    grain: fine ? ('minute' as const) : ('quarter_hour' as const),
  };
}

/** The zone whose days people mean unless they say otherwise. */
export async function policyZone({ db }: Pick<Session, 'db'>): Promise<string> {
  return (await loadEnforcement(db)).timezone ?? 'UTC';
}
