import { z } from 'zod';
import { isTimezone, timezoneHint } from './timezone.ts';
import { BUDGET, DURATION, parseBudget, parseDuration, parsePercent, SHARE_PERCENT, WARN_PERCENT } from './units.ts';
import { wanted } from './wanted.ts';

/** The shape of `bursar.yaml`: fields and units. What fields mean to each other is in `check-policy.ts`. */

const NAME = /^[^\s\p{Cc}*](?:[^\p{Cc}*]{0,126}[^\s\p{Cc}*])?$/u;
const name = patterned(NAME, 'write a name of 1 to 128 characters, without *');
const field = z.string({ error: wanted('write a name') }).max(128);

const duration = patterned(DURATION, 'write a duration with its unit, such as 90d, 12h, 3 minutes or 20s').transform(
  (text) => parseDuration(text) ?? 0,
);

const budget = patterned(BUDGET, 'write an amount with its unit, such as 500 USD, 2000000 tokens or 10000 requests')
  .transform((text) => parseBudget(text) ?? { metric: 'cost' as const, amount: 0n })
  .refine(({ amount }) => amount > 0n, 'is 0; a limit of nothing would always be broken: suspend the key instead');

const warnPercent = patterned(WARN_PERCENT, 'write 1% to 99%; 100% is the limit itself').transform(parsePercent);

const timezone = z
  .string({ error: wanted('write an IANA zone such as Europe/Berlin') })
  .refine(isTimezone, { error: ({ input }) => timezoneHint(String(input)) });

const resume = patterned(
  new RegExp(`^(?:next_period|manual)$|${DURATION.source}`),
  'write next_period, manual or a duration such as 15 minutes',
).transform((text) => {
  if (text === 'next_period' || text === 'manual') return { kind: text } as const;
  return { kind: 'after', ms: parseDuration(text) ?? 0 } as const;
});

const role = mapping({
  allowed: flag().optional(),
  models: listOf(field, 'write a list of family names, model ids or "*"').optional(),
  max_tokens: counted('write a whole number of tokens').optional(),
  rpm: counted('write a whole number of requests per minute').optional(),
});

const rotation = {
  rotate_every: duration.optional(),
  remind: listOf(duration, 'write a list of durations, such as [14d, 7d, 1d]').optional(),
  grace: duration.optional(),
};

const keyEntry = mapping({
  name,
  service: name,
  owner: name,
  environment: field,
  role: field,
  cost_center: z
    .string({ error: wanted('write it in quotes, such as "4100"') })
    .max(64)
    .optional(),
  protected: flag().optional(),
  ...rotation,
});

const limit = mapping({
  name,
  key: field.optional().describe('A key, by its name under keys.entries.'),
  role: field.optional().describe('A role, or "*" for every role (with each: key).'),
  workspace: field.optional().describe('A workspace, by its name under environments.'),
  service: field.optional().describe('A service, as the key entries name it.'),
  each: z
    .literal('key', {
      error: wanted('write key, or leave it out to add everything up', {
        principal: 'a limit for each principal',
        role: 'a limit for each role',
        service: 'a limit for each service',
        workspace: 'a limit for each workspace',
      }),
    })
    .optional()
    .describe('The limit holds for every key by itself, not for all together.'),
  period: z
    .enum(['minute', 'hour', 'day', 'week', 'month', 'quarter', 'year', 'total'], {
      error: wanted('write minute, hour, day, week, month, quarter, year or total; rolling windows are not built yet'),
    })
    .optional()
    .describe('The calendar window that a budget is for.'),
  timezone: timezone.optional().describe('Where the window begins at midnight. Default: the organization’s zone.'),
  budget: budget.optional().describe('How much may be used per period: 500 USD, 2000000 tokens, 10000 requests.'),
  rpm: counted('write a whole number of requests per minute', { role: "a limit at each role's own rpm" })
    .optional()
    .describe('Requests in a sliding minute.'),
  tpm: counted('write a whole number of tokens per minute').optional().describe('Tokens in a sliding minute.'),
  after: duration.optional().describe('Rates only: how long the rate must stand before it counts. Default: at once.'),
  warn: listOf(warnPercent, 'write a list, such as [50%, 80%]')
    .optional()
    .describe('Shares of the amount at which to warn. Default: [80%].'),
  on_breach: z
    .enum(['alert', 'suspend'], {
      error: wanted('write alert or suspend', { refuse_locally: 'refusing calls in the guard' }),
    })
    .optional()
    .describe('alert tells people; suspend switches the key off at Anthropic, as enforcement allows. Default: alert.'),
  resume: resume.optional().describe('When a suspension ends. Default: next_period; for rates 15 minutes.'),
});

const events = mapping({
  require_signature: z
    .union([z.literal('*'), z.array(name).max(10_000)], {
      error: wanted('write "*" or a list of services, such as [auth, search]'),
    })
    .optional()
    .describe('Services whose records count only when they are signed; "*" for every service.'),
  accept_unsigned: flag()
    .optional()
    .describe('Let mode auto act on what unsigned services report: whoever can write to Kafka can invent it.'),
});

const capError = wanted('write a number of keys, or a share such as 10%');
const share = z
  .string()
  .regex(SHARE_PERCENT, { error: capError })
  .transform((text) => ({ percent: parsePercent(text) }));
const perDay = z
  .union([z.int().min(1, { error: capError }), share], { error: capError })
  .transform((cap) => (typeof cap === 'number' ? { count: cap } : cap));

const enforcement = mapping({
  mode: z
    .enum(['observe', 'auto'], { error: wanted('write observe or auto', { approve: 'approval before each act' }) })
    .optional(),
  caps: mapping({
    per_10_minutes: counted('write a number of keys').optional(),
    per_hour: counted('write a number of keys').optional(),
    per_day: perDay.optional(),
  }).optional(),
});

export const policyFile = mapping({
  organization: mapping({ name, timezone }),
  families: z
    .record(name, patterned(/^[a-z0-9][a-z0-9.-]{0,127}$/, 'write a model id, such as claude-haiku-5-5'))
    .optional(),
  roles: z.record(name, role, { error: wanted('write a map of roles') }),
  environments: z.record(name, listOf(name, 'write a list of workspace names').min(1, 'names no workspace'), {
    error: wanted('write a map from environment names to workspace names'),
  }),
  keys: mapping({
    defaults: mapping(rotation).optional(),
    entries: listOf(keyEntry, 'write a list of keys'),
  }),
  events: events.optional(),
  limits: listOf(limit, 'write a list of limits').optional(),
  enforcement: enforcement.optional(),
});

export type PolicyFile = z.output<typeof policyFile>;
export type LimitInFile = z.output<typeof limit>;
export type KeyInFile = z.output<typeof keyEntry>;

function patterned(pattern: RegExp, what: string) {
  const error = wanted(what);
  return z.string({ error }).regex(pattern, { error });
}

function mapping<Shape extends z.core.$ZodShape>(shape: Shape) {
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'invalid_type' ? wanted('write a map of fields')(issue) : undefined),
  });
}

function listOf<Item extends z.ZodType>(item: Item, what: string) {
  return z.array(item, { error: wanted(what) }).max(10_000);
}

function counted(what: string, planned: Record<string, string> = {}) {
  const error = wanted(what, planned);
  return z.int({ error }).min(1, { error }).max(1_000_000_000, { error });
}

function flag() {
  return z.boolean({ error: wanted('write true or false') });
}
