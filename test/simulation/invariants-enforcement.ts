import { same } from './invariants-ledger.ts';
import { InvariantError } from './oracle.ts';
import type { SimKey } from './traffic.ts';
import type { World } from './world.ts';

type Act = {
  act_id: string;
  api_key_id: string;
  generation: string;
  wanted: string;
  outcome: string;
  at: number;
  answered: number;
};

/** What was done about the breaches: I3, I4 and I5. */
export async function checkEnforcement(world: World): Promise<void> {
  const acts = await actsOf(world);
  checkKeys(world);
  await checkHolds(world);
  checkCaps(world, acts);
  checkReadBack(world, acts);
  await checkTrail(world, acts);
}

async function actsOf(world: World): Promise<Act[]> {
  const { rows } = await world.pool.query<Act>(
    `select act_id, api_key_id, generation, wanted, outcome, (extract(epoch from requested_at) * 1000)::float8 as at,
            (extract(epoch from answered_at) * 1000)::float8 as answered from act order by act_id`,
  );
  return rows;
}

/** Off is whoever must be, nobody who must not be, and of the rest nothing is said. */
function checkKeys(world: World): void {
  const { must, may } = wantedOff(world);
  const { mode, caps } = world.policy!.enforcement;
  for (const key of world.keys) {
    const isOff = world.adminApi.status.get(key.apiKeyId) === 'inactive';
    if (isOff && !may.has(key)) throw new InvariantError(`I4: ${key.name} is off, and nothing in force says so`);
    if (!isOff && must.has(key) && mode === 'auto' && caps.per10Minutes > 1)
      throw new InvariantError(`I3: ${key.name} is on, though its limit is broken`);
  }
}

function wantedOff({ oracle, keys, policy, clock }: World): { must: Set<SimKey>; may: Set<SimKey> } {
  const must = new Set<SimKey>();
  const may = new Set<SimKey>();
  const bound = new Set(oracle.bindings.map(([sha256]) => sha256));
  for (const { limit, generation } of oracle.rules) {
    if (limit.onBreach !== 'suspend' || policy!.enforcement.mode !== 'auto') continue;
    for (const window of oracle.windows.values()) {
      if (window.measure !== limit.measure.id || window.endMs <= clock.nowMs) continue;
      if (window.total - window.provisional < limit.amount) continue;
      const breach = `${limit.name}/${generation}/${window.subject}/${window.startMs}/100/limit`;
      const reached = oracle.contributors.get(breach) ?? new Set();
      const used = oracle.keysIn(window);
      for (const key of keys) {
        if (key.protected || !bound.has(key.sha256)) continue;
        if (used.has(key.sha256)) may.add(key);
        if (reached.has(key.sha256)) must.add(key);
      }
    }
  }
  return { must, may };
}

/** No hold without the breach that it is for, none for a protected key. */
async function checkHolds(world: World): Promise<void> {
  const { rows } = await world.pool.query(
    `select h.api_key_id, h.state, h.breach_id, b.kind from hold h left join breach b using (breach_id)`,
  );
  const isProtected = new Set(world.keys.filter((key) => key.protected).map((key) => key.apiKeyId));
  for (const { api_key_id: apiKeyId, state, kind } of rows) {
    if (kind === null || kind === 'warning')
      throw new InvariantError(`I4: ${apiKeyId} is held (${state}) for no broken limit`);
    if (kind === 'provisional' && state === 'in_force')
      throw new InvariantError(`I4: ${apiKeyId} is off for provisional cost`);
    if (isProtected.has(apiKeyId)) throw new InvariantError(`I4: ${apiKeyId} is protected and held (${state})`);
  }
  const touched = world.adminApi.calls.find((call) => call.kind === 'update' && isProtected.has(call.apiKeyId));
  if (touched) throw new InvariantError(`I4: ${touched.apiKeyId} is protected and was asked to be ${touched.wanted}`);
}

function checkCaps({ policy }: World, acts: readonly Act[]): void {
  const { per10Minutes, perHour } = policy!.enforcement.caps;
  const off = acts.filter((act) => act.wanted === 'inactive');
  for (const [spanMs, most] of [
    [600_000, per10Minutes],
    [3_600_000, perHour],
  ] as const) {
    for (const act of off) {
      const within = off.filter(
        (other) => other.at <= act.at && other.at > act.at - spanMs && Number(other.act_id) <= Number(act.act_id),
      );
      const decisions = new Set(within.map((other) => `${other.api_key_id}/${other.generation}`));
      const isFirst = !off.some(
        (other) =>
          Number(other.act_id) < Number(act.act_id) &&
          other.api_key_id === act.api_key_id &&
          other.generation === act.generation,
      );
      if (isFirst && decisions.size > most)
        throw new InvariantError(
          `I4: act ${act.act_id} is the ${decisions.size}th in ${spanMs} ms, ${most} are allowed`,
        );
    }
  }
}

/** Verified is only what Anthropic has said when asked. */
function checkReadBack({ adminApi }: World, acts: readonly Act[]): void {
  for (const act of acts.filter(({ outcome }) => outcome === 'verified')) {
    const said = adminApi.calls.some(
      (call) =>
        call.apiKeyId === act.api_key_id &&
        call.told === act.wanted &&
        call.atMs >= Math.floor(act.at) &&
        call.atMs <= act.answered,
    );
    if (!said)
      throw new InvariantError(`I5: act ${act.act_id} is verified, but Anthropic was not asked or said otherwise`);
  }
  for (const call of adminApi.calls.filter(({ kind }) => kind === 'update')) {
    const asked = acts.some(
      (act) => act.api_key_id === call.apiKeyId && act.wanted === call.wanted && act.at <= call.atMs + 1,
    );
    if (!asked)
      throw new InvariantError(`I5: ${call.apiKeyId} was asked to be ${call.wanted} without an act on record`);
  }
}

/** Every act and every hold has its entries in the audit inbox. */
async function checkTrail(world: World, acts: readonly Act[]): Promise<void> {
  const { rows } = await world.pool.query(
    `select (select count(*)::int from audit_pending where action = 'act.requested') as requested,
            (select count(*)::int from audit_pending where action = 'act.verified') as verified,
            (select count(*)::int from audit_pending where action = 'hold.in_force') as in_force,
            (select count(*)::int from hold where in_force_at is not null) as held`,
  );
  const { requested, verified, in_force: inForce, held } = rows[0];
  same('I5: requested acts in the trail', requested, acts.length);
  same('I5: verified acts in the trail', verified, acts.filter((act) => act.outcome === 'verified').length);
  same('I5: holds put in force in the trail', inForce, held);
}
