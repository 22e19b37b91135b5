import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from '@bursar/db/pool';
import { eventually } from '../../../infra/local/eventually.ts';
import { sendUsage } from '../../harness/aggregator.ts';
import { type Installation, install } from '../../harness/installation.ts';
import { type TrafficKey, usageEvent } from '../../harness/traffic.ts';
import { generate } from '../traffic/generate.ts';
import { type AdminPost, watchAdminPosts } from './admin-posts.ts';
import { KEYS } from './chain.ts';
import { type Percentiles, percentiles } from './percentiles.ts';

export type CrossingFigures = {
  /** From the commit of the sum that crossed the limit. */
  toRequest: Percentiles;
  toReadBack: Percentiles;
  keys: number;
  /** Every key that crossed was switched off once, and no other. */
  exact: boolean;
};

const RATE_PER_S = 2_000;
const SETTLE_MS = 2_000;
const ROLE = 'CROSSER';

type Crosser = { name: string; apiKeyId: string; key: TrafficKey };

/** The whole installation under load, and keys that cross their limit at random moments. The emulator answers at once. */
export async function measureCrossing(keys: number, seconds: number): Promise<CrossingFigures> {
  const names = Array.from({ length: keys }, (_, index) => `crosser-${index}`);
  const seed = names.map((name) => ({ name, workspace: 'Development' }));
  await using bursar = await install('bench crossing', seed);
  await Promise.all([bursar.start('aggregator'), bursar.start('scheduler'), bursar.start('revoker')]);
  await bursar.inventory();
  await bursar.apply(policy(names));
  const crossers = names.map((name) => crosserOf(bursar, name));
  await sendUsage(
    bursar.kafka,
    crossers.map(({ name, key }) => usageEvent(key, { ...tokens(1), service: name })),
  );
  await eventually('every key is bound', async () => (await boundKeys(bursar.db)) === keys);

  using watch = watchAdminPosts();
  const { brokers, topics } = bursar.kafka;
  const load = { brokers, topic: topics.usage.name, keys: KEYS, ratePerS: RATE_PER_S };
  const background = generate({ ...load, count: RATE_PER_S * (seconds + (2 * SETTLE_MS) / 1_000) });
  await sleep(SETTLE_MS);
  const crossedBy = await crossAll(bursar, crossers, seconds);
  await background;
  await eventually('every key is read back', async () => (await readBacks(bursar.db)).size === keys, 60_000);
  return figures(bursar.db, crossedBy, watch.posts);
}

function policy(names: readonly string[]): string {
  const entries = names.map(
    (name) =>
      `    - { name: ${name}, service: ${name}, owner: o@acme.example, environment: development, role: ${ROLE} }`,
  );
  return `organization: { name: Bench, timezone: Europe/Berlin }
roles: { USER: { models: ["*"] }, ${ROLE}: { models: ["*"] } }
environments: { production: [Production], staging: [Staging], development: [Development] }
keys:
  entries:
${entries.join('\n')}
limits:
  - { name: crossed, role: ${ROLE}, each: key, period: month, budget: 0.01 USD, on_breach: suspend }
  - { name: each key a month, role: USER, each: key, period: month, budget: 1000000 USD }
  - { name: each key a day, role: USER, each: key, period: day, budget: 1000000 USD }
  - { name: role a month, role: USER, period: month, budget: 1000000 USD }
  - { name: role an hour, role: USER, period: hour, budget: 1000000000000 tokens }
events: { accept_unsigned: true }
enforcement: { mode: auto, caps: { per_10_minutes: 1000, per_hour: 1000, per_day: 1000 } }
`;
}

function crosserOf({ emulator }: Installation, name: string): Crosser {
  const secret = emulator.secretOf(name);
  const { id: apiKeyId, partial_key_hint: hint } = emulator.apiKey(name);
  return { name, apiKeyId, key: { sha256: createHash('sha256').update(secret).digest('hex'), hint: hint! } };
}

/** 20,000 tokens are two cents: twice the limit. */
function tokens(input: number) {
  return { role: ROLE, usage: { input_tokens: input, output_tokens: 1 } };
}

/** Event id by which each key crosses, at random moments within the time. */
async function crossAll(bursar: Installation, crossers: readonly Crosser[], seconds: number) {
  const crossedBy = new Map<string, string>();
  await Promise.all(
    crossers.map(async ({ name, apiKeyId, key }) => {
      await sleep(Math.random() * seconds * 1_000);
      const event = usageEvent(key, { ...tokens(20_000), service: name });
      crossedBy.set(apiKeyId, event.id);
      await sendUsage(bursar.kafka, [event]);
    }),
  );
  return crossedBy;
}

async function figures(
  db: Pool,
  crossedBy: ReadonlyMap<string, string>,
  posts: readonly AdminPost[],
): Promise<CrossingFigures> {
  const committed = await commitTimes(db, [...crossedBy.values()]);
  const readBackAt = await readBacks(db);
  const postedAt = new Map(posts.map(({ apiKeyId, atMs }) => [apiKeyId, atMs]));
  const since = (times: ReadonlyMap<string, number>) =>
    [...crossedBy].map(([apiKeyId, eventId]) => times.get(apiKeyId)! - committed.get(eventId)!);
  return {
    toRequest: percentiles(since(postedAt)),
    toReadBack: percentiles(since(readBackAt)),
    keys: crossedBy.size,
    exact: posts.length === crossedBy.size && [...crossedBy.keys()].every((id) => postedAt.has(id)),
  };
}

async function boundKeys(db: Pool): Promise<number> {
  const { rows } = await db.query<{ bound: number }>(
    'select count(*)::int as bound from key_binding where unbound_at is null',
  );
  return rows[0]!.bound;
}

async function commitTimes(db: Pool, ids: readonly string[]): Promise<Map<string, number>> {
  const { rows } = await db.query<{ id: string; at: string }>(
    `select event_id as id, extract(epoch from pg_xact_commit_timestamp(xmin)) * 1000 as at
       from usage_event where event_id = any ($1::uuid[])`,
    [ids],
  );
  return new Map(rows.map(({ id, at }) => [id, Number(at)]));
}

/** When each key was recorded as read back inactive. */
async function readBacks(db: Pool): Promise<Map<string, number>> {
  const { rows } = await db.query<{ id: string; at: string }>(
    `select api_key_id as id, extract(epoch from verified_at) * 1000 as at from act
      where verified_at is not null and read_back_status = 'inactive'`,
  );
  return new Map(rows.map(({ id, at }) => [id, Number(at)]));
}
