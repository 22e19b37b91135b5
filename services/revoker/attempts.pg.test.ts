import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FaultRule } from '@bursar/anthropic-emulator/emulator';
import { turn, World } from './test-world.ts';

const LIMIT = { name: 'search per month', key: 'search', usd: 2 };

async function broken(name: string, ...faults: FaultRule[]): Promise<World> {
  const world = await World.create(name, ['search']);
  try {
    await world.policy({ limits: [LIMIT] });
    for (const fault of faults) world.emulator.addFault(fault);
    await world.spend({ limit: 'search per month', usd: 2.5 });
    return world;
  } catch (error) {
    await world[Symbol.asyncDispose]();
    throw error;
  }
}

const outcomes = async (world: World) =>
  (await world.rows('select outcome from act order by act_id')).map((act) => act.outcome);
const observed = async (world: World) => (await world.rows('select observed from key_control'))[0]?.observed;

test('a 200 that changes nothing is never taken for success: read back, tried again, paged', async () => {
  await using world = await broken('unchanged', { fault: { kind: 'unchanged' }, times: 4 });
  const revoker = world.revoker();
  await turn(revoker);
  assert.equal(await observed(world), 'active');
  assert.equal((await world.messages('key_suspended')).length, 0);
  for (let i = 0; i < 4; i++) await turn(revoker);
  assert.deepEqual(await outcomes(world), ['unverified', 'unverified', 'unverified', 'unverified', 'verified']);
  assert.equal((await world.messages('act_stuck')).length, 1);
  assert.equal((await world.messages('key_suspended')).length, 1);
});

test('after a crash behind the call Anthropic is asked first, and the key is not switched off twice', async () => {
  await using world = await broken('crash');
  const lost = world.revoker();
  await lost.consume.tickNow();
  await world.pool.query(
    `create function nothing_more() returns trigger language plpgsql as $$ begin raise 'the process is dead'; end $$;
     create trigger dead before update on act for each row when (new.answered_at is not null) execute function nothing_more();`,
  );
  await turn(lost);
  assert.deepEqual(await outcomes(world), ['requested']);
  assert.equal(world.status('search'), 'inactive');
  await world.pool.query('drop trigger dead on act');

  const next = world.revoker();
  await turn(next);
  assert.deepEqual(await outcomes(world), ['requested'], 'the lease is still good');
  await world.pool.query(`update key_control set lease_until = now() - interval '1 second'`);
  await turn(next);
  assert.deepEqual(await outcomes(world), ['unverified', 'verified']);
  assert.equal(world.updates().length, 1);
  assert.equal(await observed(world), 'inactive');
});

test('after a crash before the call the next process makes it', async () => {
  await using world = await broken('crash_before', { fault: { kind: 'connection_reset' }, method: 'POST', times: 1 });
  const revoker = world.revoker();
  await turn(revoker);
  assert.deepEqual(await outcomes(world), ['failed']);
  await turn(revoker);
  assert.deepEqual(await outcomes(world), ['failed', 'verified']);
  assert.equal(world.status('search'), 'inactive');
});

test('an answer that got lost after its effect is found by asking', async () => {
  await using world = await broken('lost_answer', {
    fault: { kind: 'connection_reset', afterEffect: true },
    method: 'POST',
    times: 1,
  });
  const revoker = world.revoker();
  await turn(revoker);
  await turn(revoker);
  assert.deepEqual(await outcomes(world), ['failed', 'verified']);
  assert.equal(world.updates().length, 1);
});

test('a read-back that fails leaves the key unconfirmed until one succeeds', async () => {
  await using world = await broken('read_back', { fault: { kind: 'error', status: 500 }, method: 'GET', times: 1 });
  const revoker = world.revoker();
  await turn(revoker);
  assert.deepEqual(await outcomes(world), ['answered']);
  assert.equal(await observed(world), 'unknown');
  await turn(revoker);
  assert.equal(await observed(world), 'inactive');
});

test('an answer that is no JSON of a key is not success', async () => {
  await using world = await broken('malformed', { fault: { kind: 'malformed_json' }, method: 'GET', times: 1 });
  await turn(world.revoker());
  assert.notEqual(await observed(world), 'inactive');
});

test('what Anthropic asks us to wait is waited', async () => {
  await using world = await broken('retry_after', {
    fault: { kind: 'rate_limit', retryAfterSeconds: 60 },
    method: 'POST',
    times: 1,
  });
  const revoker = world.revoker();
  await turn(revoker);
  await turn(revoker);
  assert.deepEqual(await outcomes(world), ['failed']);
  const [control] = await world.rows(`select next_attempt_at > now() + interval '50 s' as waits from key_control`);
  assert.equal(control?.waits, true);
});

for (const status of ['archived', 'expired'] as const) {
  test(`a key that turns out to be ${status} needs no further attempt`, async () => {
    await using world = await broken(`gone_${status}`);
    const change = status === 'archived' ? { status } : { expires_at: new Date(Date.now() - 1_000).toISOString() };
    await world.inConsole('search', change);
    const revoker = world.revoker();
    await turn(revoker);
    await turn(revoker);
    assert.deepEqual(await outcomes(world), ['verified']);
    assert.equal(await observed(world), status);
  });
}

test('a key that Anthropic does not know needs no further attempt', async () => {
  await using world = await broken('missing', {
    fault: { kind: 'error', status: 404, type: 'not_found_error' },
    path: 'api_keys',
  });
  await turn(world.revoker());
  assert.deepEqual(await outcomes(world), ['verified']);
  assert.equal(await observed(world), 'missing');
});

test('a process that starts anew goes on where the last one ended', async () => {
  await using world = await broken('restart', { fault: { kind: 'error', status: 529 }, method: 'POST', times: 1 });
  await turn(world.revoker());
  assert.equal(world.status('search'), 'active');
  await turn(world.revoker());
  assert.equal(world.status('search'), 'inactive');
  assert.deepEqual(await world.states(), ['in_force']);
});

test('an effect that comes late is noticed before the call is repeated', async () => {
  await using world = await broken('late_effect', { fault: { kind: 'unchanged' }, times: 1 });
  const revoker = world.revoker();
  await turn(revoker);
  await world.inConsole('search', { status: 'inactive' });
  await turn(revoker);
  assert.deepEqual(await outcomes(world), ['unverified', 'verified']);
  assert.equal(world.updates().length, 1);
});
