import assert from 'node:assert/strict';
import { test } from 'node:test';
import { releaseTurn, turn, World } from './test-world.ts';

const LIMIT = { name: 'runaway', key: 'search', usd: 300, resume: { kind: 'after', ms: 900_000 } } as const;

/** A rate of 300 a minute over the key; the scheduler breaks it anew in each minute in which it stands. */
async function rate(name: string, mode: 'observe' | 'auto'): Promise<World> {
  const world = await World.create(name, ['search']);
  await world.policy({ limits: [LIMIT], mode });
  await world.pool.query(`update measure set period = 'sliding_minute', metric = 'requests'`);
  return world;
}

async function seen(world: World, minutesAgo: number): Promise<void> {
  await world.pool.query(
    `insert into breach (cause, rule, generation, policy_version_id, measure_id, subject, window_start, window_end, kind, percent,
                         amount, total, source)
     select 'limit', 'runaway', 1, 1, measure_id, '', minute, minute + interval '1 minute', 'limit', 100, 300, 450, 'rate'
       from measure, (select date_trunc('minute', now()) - $1 * interval '1 minute' as minute) m`,
    [minutesAgo],
  );
}

test('a rate that stands for minutes is proposed once and paged once', async () => {
  await using world = await rate('rate_observe', 'observe');
  const revoker = world.revoker();
  for (const minutesAgo of [2, 1, 0]) await seen(world, minutesAgo);
  await turn(revoker);
  assert.deepEqual(await world.states(), ['proposed']);
  assert.equal((await world.messages('hold_proposed')).length, 1);
});

test('a rate suspends, stays so although the traffic fell, and comes back after its time', async () => {
  await using world = await rate('rate_auto', 'auto');
  const revoker = world.revoker();
  await seen(world, 0);
  await turn(revoker);
  const [hold] = await world.holds();
  assert.equal(
    hold?.sentence,
    'runaway is at 150 % (450 of 300 requests) of its rate per minute: key search must be off.',
  );
  await releaseTurn(revoker);
  assert.equal(world.status('search'), 'inactive');
  await world.pool.query(`update hold set resume_at = now() - interval '1 second'`);
  await releaseTurn(revoker);
  assert.equal(world.status('search'), 'active');
  assert.equal((await world.holds())[0]?.ended_because, 'its time is up');
});

test('a rate that was raised above what was seen lets its key come back', async () => {
  await using world = await rate('rate_raised', 'auto');
  const revoker = world.revoker();
  await seen(world, 0);
  await turn(revoker);
  await world.pool.query('update limit_rule set amount = 500');
  await releaseTurn(revoker);
  assert.equal(world.status('search'), 'active');
});

test('a rate that was seen longer than a minute ago suspends nothing', async () => {
  await using world = await rate('rate_late', 'auto');
  await seen(world, 5);
  await turn(world.revoker());
  assert.deepEqual(await world.states(), ['superseded']);
  assert.equal(world.updates().length, 0);
});

test('a proposal that nobody decided about ends with its period', async () => {
  await using world = await rate('rate_past', 'observe');
  const revoker = world.revoker();
  await seen(world, 5);
  await turn(revoker);
  await revoker.release.tickNow();
  assert.deepEqual(await world.states(), ['proposed']);
  await world.pool.query(`update hold set proposed_at = now() - interval '2 hours'`);
  await revoker.release.tickNow();
  assert.deepEqual(await world.states(), ['superseded']);
});

test('a key that somebody else switched on is not held for the same rate again for an hour', async () => {
  await using world = await rate('rate_overridden', 'auto');
  const revoker = world.revoker();
  await seen(world, 1);
  await turn(revoker);
  await world.inConsole('search', { status: 'active' });
  await world.inventory('search');
  await revoker.observe.tickNow();
  assert.deepEqual(await world.states(), ['overridden']);
  await seen(world, 0);
  await turn(revoker);
  assert.deepEqual(await world.states(), ['overridden']);
  assert.equal(world.status('search'), 'active');

  await world.pool.query(`update hold set ended_at = now() - interval '61 minutes'`);
  await world.pool.query('update breach set consumed_at = null where breach_id = (select max(breach_id) from breach)');
  await turn(revoker);
  assert.deepEqual(await world.states(), ['overridden', 'in_force']);
});
