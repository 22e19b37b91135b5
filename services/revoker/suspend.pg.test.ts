import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog } from '@bursar/runtime/log';
import { consumeBreaches } from './breaches/consume-breaches.ts';
import { createRevokerMetrics } from './metrics.ts';
import { PolicyCache } from './policy-in-force.ts';
import { turn, World } from './test-world.ts';

const LIMIT = { name: 'search per month', key: 'search', usd: 2 };

test('a limit that is broken switches its key off, and the hold, the act and the read-back are on record', async () => {
  await using world = await World.create('suspend', ['search', 'other']);
  await world.policy({ limits: [LIMIT] });
  const revoker = world.revoker();
  await world.spend({ limit: 'search per month', usd: 2.5 });
  await turn(revoker);

  assert.equal(world.status('search'), 'inactive');
  assert.equal(world.status('other'), 'active');
  const [hold] = await world.holds();
  assert.equal(hold?.state, 'in_force');
  assert.equal(hold?.sentence, 'search per month has used 125 % (2.5 of 2 USD) of its month: key search must be off.');
  const [act] = await world.rows('select * from act');
  assert.deepEqual(
    [act?.outcome, act?.http_status, act?.read_back_status, act?.wanted],
    ['verified', 200, 'inactive', 'inactive'],
  );
  assert.ok(act?.request_id);
  const control = await world.rows('select wanted, observed, lease_owner from key_control');
  assert.deepEqual(control, [{ wanted: 'inactive', observed: 'inactive', lease_owner: null }]);
  const trail = (await world.rows('select action from audit_pending order by audit_pending_id')).map(
    (row) => row.action,
  );
  assert.deepEqual(trail, ['hold.proposed', 'hold.approved', 'hold.in_force', 'act.requested', 'act.verified']);
  assert.equal((await world.messages('key_suspended')).length, 1);
});

test('a warning is told with its numbers and holds nothing', async () => {
  await using world = await World.create('warning', ['search']);
  await world.policy({ limits: [LIMIT] });
  await world.spend({ limit: 'search per month', usd: 1.61, kind: 'warning', percent: 80 });
  await turn(world.revoker());
  const [message] = await world.messages('limit_warning');
  assert.equal(message?.sentence, 'search per month has used 80 % (1.61 of 2 USD) of its month.');
  assert.deepEqual(await world.holds(), []);
});

test('in observe mode a broken limit is proposed and paged, and the key stays on', async () => {
  await using world = await World.create('observe', ['search']);
  await world.policy({ limits: [LIMIT], mode: 'observe' });
  await world.spend({ limit: 'search per month', usd: 2.5 });
  await turn(world.revoker());
  assert.deepEqual(await world.states(), ['proposed']);
  assert.match(String((await world.messages('hold_proposed'))[0]?.sentence), /because the policy only observes/);
  assert.equal(world.updates().length, 0);
});

test('against the real API auto is treated as observe, and says so', async () => {
  await using world = await World.create('real', ['search']);
  await world.policy({ limits: [LIMIT] });
  const revoker = world.revoker({ adminApi: 'anthropic' });
  await world.spend({ limit: 'search per month', usd: 2.5 });
  await turn(revoker);
  await revoker.gate.tickNow();
  assert.deepEqual(await world.states(), ['proposed']);
  assert.match(String((await world.messages('hold_proposed'))[0]?.sentence), /not yet allowed against the real API/);
  assert.match(String(revoker.parts.find((part) => part.name === 'enforcement')?.ready?.()), /not yet allowed/);
  assert.equal(world.updates().length, 0);
});

test('the database knows why auto is refused for as long as a revoker refuses it', async () => {
  await using world = await World.create('real_known', []);
  const refused = async () => (await world.rows('select auto_refused_because as because from enforcement_gate'))[0];
  await world.revoker({ adminApi: 'anthropic' }).gate.tickNow();
  assert.deepEqual(await refused(), {
    because: 'automatic suspension is not yet allowed against the real API',
  });
  await world.revoker().gate.tickNow();
  assert.deepEqual(await refused(), { because: null });
});

test('a hold approved at the emulator is not carried out against the real API either', async () => {
  await using world = await World.create('real_approved', ['search']);
  await world.policy({ limits: [LIMIT] });
  await world.spend({ limit: 'search per month', usd: 2.5 });
  await world.revoker().consume.tickNow();
  assert.deepEqual(await world.states(), ['approved']);
  await turn(world.revoker({ adminApi: 'anthropic' }));
  assert.equal(world.updates().length, 0);
});

test('a protected key pages and leaves a finding, and never has a hold', async () => {
  await using world = await World.create('protected', ['search']);
  await world.policy({ limits: [LIMIT], entries: [{ name: 'search', protected: true }] });
  await world.spend({ limit: 'search per month', usd: 2.5 });
  await turn(world.revoker());
  assert.deepEqual(await world.holds(), []);
  assert.equal((await world.messages('protected_key')).length, 1);
  assert.equal((await world.rows("select * from finding where kind = 'protected_key'")).length, 1);
  assert.equal(world.status('search'), 'active');
});

test('a key that became protected after its hold was approved stays on', async () => {
  await using world = await World.create('protected_late', ['search']);
  await world.policy({ limits: [LIMIT] });
  const revoker = world.revoker();
  await world.spend({ limit: 'search per month', usd: 2.5 });
  await revoker.consume.tickNow();
  await world.policy({ entries: [{ name: 'search', protected: true }] });
  await turn(revoker);
  assert.deepEqual(await world.states(), ['superseded']);
  assert.equal(world.updates().length, 0);
});

test('a limit that was raised before the call makes its hold superseded', async () => {
  await using world = await World.create('raised_early', ['search']);
  await world.policy({ limits: [LIMIT] });
  const revoker = world.revoker();
  await world.spend({ limit: 'search per month', usd: 2.5 });
  await revoker.consume.tickNow();
  await world.policy({ limits: [{ ...LIMIT, usd: 5 }] });
  await turn(revoker);
  assert.deepEqual(await world.states(), ['superseded']);
  assert.equal(world.updates().length, 0);
});

test('an alert limit pages and holds nothing', async () => {
  await using world = await World.create('alert', ['search']);
  await world.policy({ limits: [{ ...LIMIT, onBreach: 'alert' }] });
  await world.spend({ limit: 'search per month', usd: 2.5 });
  await turn(world.revoker());
  assert.equal((await world.messages('limit_reached'))[0]?.severity, 'page');
  assert.deepEqual(await world.holds(), []);
});

test('provisional cost proposes; the same window crossed for certain then suspends by itself', async () => {
  await using world = await World.create('provisional', ['search']);
  await world.policy({ limits: [LIMIT] });
  const revoker = world.revoker();
  await world.spend({ limit: 'search per month', usd: 2.5, provisionalUsd: 1, kind: 'provisional' });
  await turn(revoker);
  assert.deepEqual(await world.states(), ['proposed']);
  assert.equal(world.status('search'), 'active');
  await world.spend({ limit: 'search per month', usd: 3.5, provisionalUsd: 1 });
  await turn(revoker);
  assert.deepEqual(await world.states(), ['in_force']);
  assert.equal(world.status('search'), 'inactive');
});

test('a key known by its hint alone is only proposed, unless the policy names it', async () => {
  await using world = await World.create('hint', ['search', 'named']);
  await world.inventory('search', 'unique_hint');
  await world.inventory('named', 'unique_hint');
  const named = { ...LIMIT, name: 'named per month', key: 'named' };
  await world.policy({ limits: [LIMIT, named], entries: [{ name: 'named' }] });
  await world.spend({ limit: 'search per month', usd: 2.5 });
  await world.spend({ limit: 'named per month', usd: 2.5 });
  await turn(world.revoker());
  assert.deepEqual(await world.states('search'), ['proposed']);
  assert.deepEqual(await world.states('named'), ['in_force']);
});

test('a metered key that nothing is bound to is a finding and a page, never a hold', async () => {
  await using world = await World.create('unbound', ['search']);
  await world.policy({ limits: [LIMIT] });
  await world.pool.query('update key_binding set unbound_at = now()');
  await world.spend({ limit: 'search per month', usd: 2.5 });
  await turn(world.revoker());
  assert.deepEqual(await world.holds(), []);
  assert.equal((await world.messages('unbound_key')).length, 1);
});

test('a key that is bound after it broke its limit is held then', async () => {
  await using world = await World.create('bound_late', ['search']);
  await world.policy({ limits: [LIMIT] });
  await world.pool.query('update key_binding set unbound_at = now()');
  await world.spend({ limit: 'search per month', usd: 2.5 });
  const revoker = world.revoker();
  await turn(revoker);
  assert.deepEqual(await world.holds(), []);
  await world.inventory('search');
  await turn(revoker);
  assert.deepEqual(await world.states('search'), ['in_force']);
});

test('a key that is bound after it broke two limits is held for both', async () => {
  await using world = await World.create('bound_late_twice', ['search']);
  const daily = { ...LIMIT, name: 'search per day', period: 'day' };
  await world.policy({ limits: [LIMIT, daily] });
  await world.pool.query('update key_binding set unbound_at = now()');
  await world.spend({ limit: 'search per month', usd: 2.5 });
  await world.spend({ limit: 'search per day', usd: 2.5 });
  const revoker = world.revoker();
  await turn(revoker);
  await world.inventory('search');
  await turn(revoker);
  assert.deepEqual(await world.states('search'), ['in_force', 'in_force']);
});

/** The limit is over service search, which both keys used; the second is bound to nothing yet. */
async function oneBoundOfTwo(name: string, mode: 'observe' | 'auto'): Promise<World> {
  const world = await World.create(name, ['one', 'two']);
  await world.policy({ limits: [{ ...LIMIT, key: 'one' }], mode });
  await world.pool.query(`update measure set select_kind = 'service', select_name = 'search', resolved = null`);
  for (const key of ['one', 'two']) await world.used(key, 'search');
  await world.pool.query('update key_binding set unbound_at = now() where api_key_id = $1', [world.id('two')]);
  return world;
}

test('a key that is bound late is held for a limit over several keys, and what waits for a person goes on waiting', async () => {
  await using world = await oneBoundOfTwo('bound_late_together', 'observe');
  await world.spend({ limit: 'search per month', usd: 2.5 });
  const revoker = world.revoker();
  await turn(revoker);
  assert.deepEqual(await world.states('one'), ['proposed']);
  await world.policy({ mode: 'auto' });
  // A limit that did not change keeps its generation.
  await world.pool.query('update limit_rule set generation = 1');
  await world.inventory('two');
  await turn(revoker);
  assert.deepEqual([await world.states('one'), await world.states('two')], [['proposed'], ['in_force']]);
});

test('a key that is bound late brings nothing back that was over: not by a limit that has changed since', async () => {
  await using world = await oneBoundOfTwo('bound_late_changed', 'auto');
  const revoker = world.revoker();
  await world.spend({ limit: 'search per month', usd: 2.5 });
  await world.policy({ limits: [{ ...LIMIT, key: 'one', usd: 9 }] });
  await turn(revoker);
  assert.deepEqual(await world.states('one'), [], 'it was raised before anything was done');
  await world.policy({ limits: [{ ...LIMIT, key: 'one' }] });
  await world.spend({ limit: 'search per month', usd: 2.6 });
  await turn(revoker);
  await world.pool.query(`update hold set state = 'overridden', ended_at = now(), ended_because = 'a person said so'`);
  await world.inventory('two');
  await turn(revoker);
  assert.deepEqual([await world.states('one'), await world.states('two')], [['overridden'], ['in_force']]);
});

test('a breach that names no key is an error with a finding and holds up no other breach', async () => {
  await using world = await World.create('no_target', ['search', 'other']);
  const other = { ...LIMIT, name: 'other per month', key: 'other' };
  await world.policy({ limits: [LIMIT, other] });
  await world.pool.query(`update measure set resolved = '{}' where select_name = 'search'`);
  await world.spend({ limit: 'search per month', usd: 2.5 });
  await world.spend({ limit: 'other per month', usd: 2.5 });
  await turn(world.revoker());
  assert.equal((await world.rows("select * from finding where kind = 'breach_without_key'")).length, 1);
  assert.deepEqual(await world.states('search'), []);
  assert.equal(world.status('search'), 'active');
  assert.equal(world.status('other'), 'inactive');
});

test('a limit over several keys holds each key that contributed to the window, and says so', async () => {
  await using world = await World.create('together', ['one', 'two', 'idle']);
  await world.policy({ limits: [{ ...LIMIT, key: 'one' }] });
  await world.pool.query(`update measure set select_kind = 'service', select_name = 'search', resolved = null`);
  for (const [name, service] of [
    ['one', 'search'],
    ['two', 'search'],
    ['idle', 'billing'],
  ] as const) {
    await world.used(name, service);
  }
  await world.spend({ limit: 'search per month', usd: 2.5 });
  await turn(world.revoker());
  assert.deepEqual(
    ['one', 'two', 'idle'].map((name) => world.status(name)),
    ['inactive', 'inactive', 'active'],
  );
  assert.match(String((await world.holds('two'))[0]?.sentence), /every bound key that contributed to service search/);
});

test('a key that is archived already makes its hold superseded', async () => {
  await using world = await World.create('archived', ['search']);
  await world.policy({ limits: [LIMIT] });
  await world.inConsole('search', { status: 'archived' });
  await world.inventory('search');
  await world.spend({ limit: 'search per month', usd: 2.5 });
  await turn(world.revoker());
  const [hold] = await world.holds();
  assert.deepEqual([hold?.state, hold?.ended_because], ['superseded', 'the key is archived already']);
});

test('a key that somebody had switched off before stays off when its hold ends', async () => {
  await using world = await World.create('found_off', ['search']);
  await world.policy({ limits: [LIMIT] });
  const revoker = world.revoker();
  await world.inConsole('search', { status: 'inactive' });
  await world.inventory('search');
  await world.spend({ limit: 'search per month', usd: 2.5 });
  await turn(revoker);
  assert.deepEqual(await world.states(), ['in_force']);
  await world.policy({ limits: [{ ...LIMIT, usd: 5 }] });
  await revoker.release.tickNow();
  await turn(revoker);
  assert.deepEqual(await world.states(), ['released']);
  assert.equal(world.status('search'), 'inactive');
  assert.equal(world.updates().length, 0);
});

test('whoever carries out a hold is woken after it was committed, not before', async () => {
  await using world = await World.create('wake', ['search']);
  await world.policy({ limits: [LIMIT] });
  await world.spend({ limit: 'search per month', usd: 2.5 });
  let seen: Promise<unknown[]> | undefined;
  await consumeBreaches({
    pool: world.pool,
    policies: new PolicyCache(),
    adminApi: 'emulator',
    metrics: createRevokerMetrics(),
    log: createLog({ service: 'revoker', level: 'silent' }),
    onApproved: () => {
      seen = world.states();
    },
  });
  assert.deepEqual(await seen, ['approved']);
});
