import { type Limit, makeMeasure, type Policy } from '@bursar/policy/policy';
import type { Random } from './random.ts';
import type { SimKey } from './traffic.ts';

const PICO = 1_000_000_000_000n;
const DAY_MS = 86_400_000;

/** Amounts near what a world's few events add up to, so that they are reached in most worlds. */
function amountOf(metric: Limit['measure']['metric'], random: Random): bigint {
  if (metric === 'cost') return (BigInt(random.int(1, 12)) * PICO) / 100n;
  return BigInt(metric === 'tokens' ? random.int(3_000, 40_000) : random.int(2, 14));
}

function makeLimit(index: number, keys: readonly SimKey[], random: Random): Limit {
  const metric = random.pick(['cost', 'cost', 'tokens', 'requests'] as const);
  const [select, each] = random.pick([
    [{ role: '*' }, 'key'],
    [{ role: 'USER' }, 'key'],
    [{ key: random.pick(keys).name }, 'together'],
    [{ service: 'search' }, 'together'],
  ] as const);
  const period = random.pick(['minute', 'hour', 'hour', 'day', 'month', 'total'] as const);
  const measure = makeMeasure({ select, each, metric, period, timezone: random.pick(['UTC', 'Asia/Kolkata']) });
  return {
    ...{ name: `limit ${index}`, measure, amount: amountOf(metric, random), warnAtPercent: [random.int(30, 90)] },
    ...{ onBreach: random.chance(0.8) ? 'suspend' : 'alert', resume: { kind: 'next_period' }, afterMs: 0 },
  };
}

/** A first policy, or the one before with limits raised, lowered, new and removed. */
export function nextPolicy(before: Policy | undefined, keys: readonly SimKey[], random: Random): Policy {
  if (before === undefined) {
    const limits = Array.from({ length: random.int(1, 3) }, (_, index) => makeLimit(index, keys, random));
    return policyWith(limits, keys, { mode: random.chance(0.85) ? 'auto' : 'observe', caps: capsOf(random) });
  }
  const kept = before.limits.filter(() => random.chance(0.85));
  const changed = kept.map((limit) =>
    random.chance(0.5) ? { ...limit, amount: amountOf(limit.measure.metric, random) } : limit,
  );
  // A name may come back after its limit was removed, never twice in one policy.
  const fresh = makeLimit(10 + random.int(0, 9), keys, random);
  const added = random.chance(0.5) && !kept.some(({ name }) => name === fresh.name) ? [fresh] : [];
  return policyWith([...changed, ...added], keys, before.enforcement);
}

function capsOf(random: Random): Policy['enforcement']['caps'] {
  const few = random.chance(0.3);
  return { per10Minutes: few ? 1 : 50, perHour: few ? 2 : 50, perDay: { count: 50 } };
}

function policyWith(limits: Limit[], keys: readonly SimKey[], enforcement: Policy['enforcement']): Policy {
  const rotation = { rotateEveryMs: 90 * DAY_MS, remindMs: [], graceMs: 7 * DAY_MS };
  const entry = { service: 'search', owner: 'o', environment: 'production', role: 'USER', ...rotation };
  return {
    organization: { name: 'Acme', timezone: 'UTC' },
    families: {},
    roles: {
      USER: { name: 'USER', allowed: true, models: ['*'] },
      ADMIN: { name: 'ADMIN', allowed: true, models: ['*'] },
    },
    environments: { production: ['Production'] },
    keys: keys.map((key) => ({ ...entry, name: key.name, protected: key.protected })),
    limits,
    events: { requireSignature: [], acceptUnsigned: true },
    enforcement,
  };
}
