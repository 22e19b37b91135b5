import { keyPlace, type SoakKey, WORKSPACES } from './company.ts';
import { type Random, randomOf } from './random.ts';
import { draw } from './traffic/draw.ts';
import { makeEvent } from './traffic/make-event.ts';
import { nothing, Oracle } from './traffic/oracle.ts';

/** A limit as the soak means it; `policyText` writes it down for Bursar, the comparison applies it to the oracle. */
export type SoakLimit = {
  readonly name: string;
  readonly select: { readonly kind: 'role' | 'service' | 'workspace' | 'key'; readonly name: string };
  readonly each: 'key' | 'together';
  readonly metric: 'cost' | 'tokens' | 'requests';
  readonly period: 'minute' | 'hour' | 'day' | 'month' | 'total';
  /** Pico-dollars, tokens or requests. */
  readonly amount: bigint;
  readonly warnPercent: number;
  readonly suspends: boolean;
};

/** What one request of the generator is on average, and how many there will be. */
export type Expectation = { readonly requests: number; readonly tokens: number; readonly picoUsd: bigint };

export function expectationOf(seed: number, events: number): Expectation {
  const random = randomOf(seed);
  const oracle = new Oracle();
  const key: SoakKey = { ...keyPlace(1), sha256: '0'.repeat(64), hint: '', workspaceId: '' };
  const emitter = { id: 'sample', boot: '', seq: 0 };
  const samples = 2_000;
  for (let made = 0; made < samples; made++) {
    const drawn = draw(random, 'search');
    oracle.count(makeEvent(random, key, emitter, drawn), drawn);
  }
  const sum = nothing();
  for (const { sums } of oracle.cells.values())
    for (const name of Object.keys(sum) as (keyof typeof sum)[]) sum[name] += sums[name];
  const tokens = Number(sum.input + sum.output + sum.read + sum.write5m + sum.write1h);
  return {
    requests: events,
    tokens: tokens / samples,
    picoUsd: (sum.firmPico + sum.estimatedPico) / BigInt(samples),
  };
}

/** The limits that stand at the end: each is meant to be crossed by some of its keys and not by others. */
export function finalLimits({ requests, tokens, picoUsd }: Expectation, minutes: number): SoakLimit[] {
  const perKey = (number: number) => requests * shareOf(number);
  const events = (number: number) => BigInt(Math.ceil(perKey(number)));
  const limit = (name: string, rest: Omit<SoakLimit, 'name' | 'warnPercent'>): SoakLimit => ({
    name,
    warnPercent: 80,
    ...rest,
  });
  return [
    limit('tokens of users in all', {
      ...eachKey('role', 'USER', 'total', 'tokens'),
      amount: BigInt(Math.ceil(perKey(20) * tokens)),
      suspends: true,
    }),
    limit('cost of search a month', {
      ...eachKey('service', 'search', 'month', 'cost'),
      amount: events(24) * picoUsd,
      suspends: true,
    }),
    limit('calls of admins a day', {
      ...eachKey('role', 'ADMIN', 'day', 'requests'),
      amount: events(30),
      suspends: true,
    }),
    limit('tokens of importers a minute', {
      ...eachKey('service', 'importer', 'minute', 'tokens'),
      amount: BigInt(Math.ceil((perKey(13) * tokens) / minutes)),
      suspends: true,
    }),
    limit('development an hour', {
      ...eachKey('workspace', 'Development', 'hour', 'cost'),
      amount: events(40) * picoUsd,
      suspends: true,
    }),
    limit('one key a day', {
      ...eachKey('key', 'soak-10', 'day', 'requests'),
      each: 'together',
      amount: events(12),
      suspends: true,
    }),
    limit('staging a day', {
      ...eachKey('workspace', 'Staging', 'day', 'cost'),
      each: 'together',
      amount: (events(1) * picoUsd) / 2n,
      suspends: false,
    }),
    limit('labs a month', {
      ...eachKey('service', 'labs', 'month', 'cost'),
      amount: events(20) * picoUsd,
      suspends: false,
    }),
  ];
}

function eachKey<K extends SoakLimit['select']['kind']>(
  kind: K,
  name: string,
  period: SoakLimit['period'],
  metric: SoakLimit['metric'],
): Pick<SoakLimit, 'select' | 'each' | 'period' | 'metric'> {
  return { select: { kind, name }, each: 'key', period, metric };
}

function shareOf(number: number): number {
  const total = Array.from({ length: 60 }, (_, index) => keyPlace(index + 1).weight).reduce((sum, one) => sum + one, 0);
  return keyPlace(number).weight / total;
}

/** Other limits for a while: some missing, some higher, some lower than in the end. */
export function variedLimits(final: readonly SoakLimit[], random: Random): SoakLimit[] {
  return final
    .filter(() => random.next() < 0.8)
    .map((limit) => {
      const percent = BigInt(random.pick([20, 50, 100, 100, 150, 300]));
      const amount = (limit.amount * percent) / 100n;
      return { ...limit, amount: amount > 0n ? amount : 1n };
    });
}

/** The policy file of these limits, for every key that exists or will be made. */
export function policyText(limits: readonly SoakLimit[], keys: readonly ReturnType<typeof keyPlace>[]): string {
  const environments = WORKSPACES.map((name) => `${name.toLowerCase()}: [${name}]`).join(', ');
  const entries = keys.map(
    ({ name, service, role, workspace }) =>
      `    - { name: ${name}, service: ${service}, owner: ${service}@acme.example, environment: ${workspace.toLowerCase()}, role: ${role} }`,
  );
  return `organization: { name: Acme, timezone: UTC }
roles: { USER: { models: ["*"] }, POWER_USER: { models: ["*"] }, ADMIN: { models: ["*"] } }
environments: { ${environments} }
keys:
  defaults: { rotate_every: 900d, remind: [], grace: 90d }
  entries:
${entries.join('\n')}
limits:
${limits.map(limitText).join('\n')}
events: { accept_unsigned: true }
enforcement: { mode: auto, caps: { per_10_minutes: 1000000, per_hour: 1000000, per_day: 1000000 } }
`;
}

function limitText({ name, select, each, metric, period, amount, warnPercent, suspends }: SoakLimit): string {
  const budget = metric === 'cost' ? `${usd(amount)} USD` : `${amount} ${metric}`;
  const fields = [
    `name: ${name}`,
    `${select.kind}: ${select.name}`,
    ...(each === 'key' ? ['each: key'] : []),
    `period: ${period}`,
    `budget: ${budget}`,
    `warn: [${warnPercent}%]`,
    `on_breach: ${suspends ? 'suspend' : 'alert'}`,
    ...(period === 'total' ? ['resume: manual'] : []),
  ];
  return `  - { ${fields.join(', ')} }`;
}

function usd(pico: bigint): string {
  const text = pico.toString().padStart(13, '0');
  return `${text.slice(0, -12)}.${text.slice(-12)}`;
}
