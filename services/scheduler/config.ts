import { DEDUP_WINDOW_MS } from '@bursar/events/topics';
import { defineOptions, milliseconds, text, url } from '@bursar/runtime/config';
import { validateDetailed } from 'node-cron';

const cron = text.superRefine((expression, context) => {
  for (const { message } of validateDetailed(expression).errors) context.addIssue({ code: 'custom', message });
});

function cronOption(job: string, expression: string, what: string) {
  const describe = `When to ${what} (${job}): a cron expression in UTC, of five or six fields.`;
  return { schema: cron, env: `BURSAR_CRON_${job.toUpperCase()}`, default: expression, describe };
}

const DAY_MS = 86_400_000;

/** A day more than the dedup window, for clocks that differ: an id that comes again must still find its row. */
const SHORTEST_KEPT_MS = DEDUP_WINDOW_MS + DAY_MS;

const keptRequests = milliseconds.refine((keepMs) => keepMs >= SHORTEST_KEPT_MS, {
  error: ({ input }) =>
    `would drop requests after ${days(Number(input))} days, but the same event may come again for ${days(DEDUP_WINDOW_MS)} days ` +
    `(the dedup window; and a day of slack) and would then count twice; set it to ${days(SHORTEST_KEPT_MS)}d or more`,
});

function days(ms: number): number {
  return Math.round((ms / DAY_MS) * 10) / 10;
}

/** Everything the scheduler can be told, beside what every service can. */
export const schedulerOptions = defineOptions({
  databaseUrl: {
    schema: url,
    env: 'DATABASE_URL',
    file: true,
    secret: true,
    describe: 'Postgres, like postgres://user@host/bursar.',
  },
  adminKey: {
    schema: text.optional(),
    env: 'ANTHROPIC_ADMIN_KEY',
    secret: true,
    describe: 'Admin API key (sk-ant-admin01-...) or org:admin token of the organization.',
  },
  adminKeyFile: {
    schema: text.optional(),
    env: 'ANTHROPIC_ADMIN_KEY_FILE',
    describe: 'File that holds it instead; read again when it changes.',
  },
  anthropicBaseUrl: {
    schema: url,
    env: 'ANTHROPIC_BASE_URL',
    default: 'https://api.anthropic.com',
    describe: 'Where the Admin API is.',
  },
  startTimeoutMs: {
    schema: milliseconds,
    env: 'BURSAR_START_TIMEOUT',
    default: '60s',
    describe: 'How long to wait at start for Postgres and the Admin API; then the process ends with code 1.',
  },
  inventoryCron: cronOption('inventory', '* * * * *', 'read workspaces and keys from Anthropic'),
  sweepCron: cronOption('sweep', '* * * * *', 'derive all open windows again'),
  ratesCron: cronOption('rates', '* * * * * *', 'judge rates'),
  rotationCron: cronOption('rotation', '* * * * *', 'look for keys to rotate'),
  maintenanceCron: cronOption('maintenance', '7 * * * *', 'make partitions and forget old ticks'),
  retentionCron: cronOption('retention', '*/10 * * * *', 'drop the days whose time is over'),
  keepRequestsMs: {
    schema: keptRequests,
    env: 'BURSAR_KEEP_REQUESTS',
    default: '100d',
    describe:
      'How long to keep a row per request. 100 days are the longest quarter and a week to close it; sums per quarter hour stay for ever.',
  },
  livenessCron: cronOption('liveness', '* * * * *', 'look for emitters that went silent'),
  silentAfterMs: {
    schema: milliseconds,
    env: 'BURSAR_EMITTER_SILENT_AFTER',
    default: '10m',
    describe: 'An emitter that was not heard for so long, and did not say goodbye, is an incident.',
  },
  holesCron: cronOption('holes', '* * * * *', 'look for numbered events that never arrived'),
  holeAfterMs: {
    schema: milliseconds,
    env: 'BURSAR_HOLE_AFTER',
    default: '10m',
    describe:
      'Events that an emitter numbered, that do not wait in it, and that are missing for so long are an incident.',
  },
  keepTicksMs: {
    schema: milliseconds,
    env: 'BURSAR_KEEP_TICKS',
    default: '6h',
    describe: 'How long to remember which instance ran which tick.',
  },
});
