import {
  type Enforcement,
  type EventRules,
  type KeyEntry,
  type Limit,
  type Measure,
  makeMeasure,
  type Policy,
  type Resume,
} from './policy.ts';
import type { KeyInFile, LimitInFile, PolicyFile } from './policy-file.ts';
import { DEFAULT_ROTATION } from './rotation-defaults.ts';

const RATE_PAUSE_MS = 15 * 60_000;
/** No limit of a file may be named like the rate of a role. */
export const ROLE_RATE_PREFIX = 'rpm of role ';

/** Makes the policy from a file that passed every check: fills in defaults, spells out measures. */
export function buildPolicy(file: PolicyFile): Policy {
  const { organization, families = {}, environments, keys, events = {}, limits = [], enforcement } = file;
  return {
    organization,
    families,
    roles: buildRoles(file.roles),
    environments,
    keys: keys.entries.map((entry) => buildKey(entry, keys.defaults ?? {})),
    events: buildEvents(events),
    limits: [...limits.map((limit) => buildLimit(limit, organization.timezone)), ...roleRates(file.roles)],
    enforcement: buildEnforcement(enforcement ?? {}),
  };
}

function buildRoles(roles: PolicyFile['roles']): Policy['roles'] {
  const built = Object.entries(roles).map(([name, { allowed = true, models = [], max_tokens, rpm }]) => {
    const caps = { ...(max_tokens !== undefined && { maxTokens: max_tokens }), ...(rpm !== undefined && { rpm }) };
    return [name, { name, allowed, models, ...caps }] as const;
  });
  return Object.fromEntries(built);
}

/** The rate of a role, checked afterwards by the sums: per key, and it tells people and stops nothing. */
function roleRates(roles: PolicyFile['roles']): Limit[] {
  return Object.entries(roles).flatMap(([role, { rpm }]) =>
    rpm === undefined
      ? []
      : [
          {
            name: `${ROLE_RATE_PREFIX}${role}`,
            measure: makeMeasure({
              select: { role },
              each: 'key',
              metric: 'requests',
              period: 'sliding_minute',
              timezone: 'UTC',
            }),
            amount: BigInt(rpm),
            warnAtPercent: [],
            onBreach: 'alert',
            resume: { kind: 'after', ms: RATE_PAUSE_MS },
            afterMs: 0,
          },
        ],
  );
}

function buildKey(entry: KeyInFile, defaults: NonNullable<PolicyFile['keys']['defaults']>): KeyEntry {
  const rotateEveryMs = entry.rotate_every ?? defaults.rotate_every ?? DEFAULT_ROTATION.rotateEveryMs;
  const remindMs = entry.remind ?? defaults.remind ?? DEFAULT_ROTATION.remindMs.filter((ms) => ms < rotateEveryMs);
  return {
    name: entry.name,
    service: entry.service,
    owner: entry.owner,
    environment: entry.environment,
    role: entry.role,
    ...(entry.cost_center !== undefined && { costCenter: entry.cost_center }),
    protected: entry.protected ?? false,
    rotateEveryMs,
    remindMs: remindMs.toSorted((a, b) => b - a),
    graceMs: entry.grace ?? defaults.grace ?? DEFAULT_ROTATION.graceMs,
  };
}

function buildEvents(events: NonNullable<PolicyFile['events']>): EventRules {
  const { require_signature: required = [], accept_unsigned = false } = events;
  return {
    requireSignature: required === '*' ? ['*'] : [...new Set(required)].sort(),
    acceptUnsigned: accept_unsigned,
  };
}

function buildLimit(limit: LimitInFile, organizationZone: string): Limit {
  const { metric, amount } = limitAmount(limit);
  const measure = makeMeasure({
    select: limitSelector(limit),
    each: limit.each ?? 'together',
    metric,
    period: limit.budget && limit.period ? limit.period : 'sliding_minute',
    timezone: limit.timezone ?? organizationZone,
  });
  return {
    name: limit.name,
    measure,
    amount,
    warnAtPercent: [...new Set(limit.warn ?? [80])].sort((a, b) => a - b),
    onBreach: limit.on_breach ?? 'alert',
    resume: limit.resume ?? defaultResume(measure),
    afterMs: limit.after ?? 0,
  };
}

function limitAmount({ budget, rpm, tpm }: LimitInFile): { metric: Measure['metric']; amount: bigint } {
  if (budget) return budget;
  return rpm === undefined
    ? { metric: 'tokens', amount: BigInt(tpm ?? 0) }
    : { metric: 'requests', amount: BigInt(rpm) };
}

function limitSelector({ key, role, workspace, service }: LimitInFile): Measure['select'] {
  if (key !== undefined) return { key };
  if (role !== undefined) return { role };
  if (workspace !== undefined) return { workspace };
  return service === undefined ? {} : { service };
}

function defaultResume({ period }: Measure): Resume {
  if (period === 'sliding_minute') return { kind: 'after', ms: RATE_PAUSE_MS };
  return period === 'total' ? { kind: 'manual' } : { kind: 'next_period' };
}

function buildEnforcement({ mode = 'observe', caps = {} }: NonNullable<PolicyFile['enforcement']>): Enforcement {
  const { per_10_minutes = 5, per_hour = 20, per_day = { percent: 10 } } = caps;
  return { mode, caps: { per10Minutes: per_10_minutes, perHour: per_hour, perDay: per_day } };
}
