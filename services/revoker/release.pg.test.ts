import assert from 'node:assert/strict';
import { test } from 'node:test';
import { releaseTurn, turn, World } from './test-world.ts';

const LIMIT = { name: 'search per month', key: 'search', usd: 2 };
const SECOND = { name: 'search hard stop', key: 'search', usd: 2, resume: { kind: 'manual' } as const };

test('raise, back, cross again in the same month: the key is off, on and off, each read back', async () => {
  await using world = await World.create('raise', ['search']);
  await world.policy({ limits: [LIMIT] });
  const revoker = world.revoker();
  await world.spend({ limit: 'search per month', usd: 2.5 });
  await turn(revoker);
  assert.equal(world.status('search'), 'inactive');

  await world.policy({ limits: [{ ...LIMIT, usd: 5 }] });
  await releaseTurn(revoker);
  assert.equal(world.status('search'), 'active');
  assert.deepEqual(await world.states(), ['released']);
  assert.equal((await world.messages('key_back')).length, 1);

  await world.spend({ limit: 'search per month', usd: 5.5 });
  await turn(revoker);
  assert.equal(world.status('search'), 'inactive');
  assert.deepEqual(await world.states(), ['released', 'in_force']);
  const acts = await world.rows('select wanted, outcome from act order by act_id');
  assert.deepEqual(
    acts.map((act) => `${act.wanted} ${act.outcome}`),
    ['inactive verified', 'active verified', 'inactive verified'],
  );
});

test('when its period has ended a key comes back, and not before', async () => {
  await using world = await World.create('period', ['search']);
  await world.policy({ limits: [LIMIT] });
  const revoker = world.revoker();
  await world.spend({ limit: 'search per month', usd: 2.5 });
  await turn(revoker);
  await releaseTurn(revoker);
  assert.equal(world.status('search'), 'inactive');
  await world.pool.query(
    `update hold set window_end = now() - interval '1 second', resume_at = now() - interval '1 second'`,
  );
  await releaseTurn(revoker);
  assert.equal(world.status('search'), 'active');
  assert.equal((await world.holds())[0]?.ended_because, 'its period has ended');
});

test('a limit with a time to resume comes back after that time', async () => {
  await using world = await World.create('after', ['search']);
  await world.policy({ limits: [{ ...LIMIT, resume: { kind: 'after', ms: 900_000 } }] });
  const revoker = world.revoker();
  await world.spend({ limit: 'search per month', usd: 2.5 });
  await turn(revoker);
  const [hold] = await world.rows(
    `select resume_at - in_force_at between interval '899 s' and interval '901 s' as later from hold`,
  );
  assert.equal(hold?.later, true);
  await world.pool.query(`update hold set resume_at = now() - interval '1 second'`);
  await releaseTurn(revoker);
  assert.equal(world.status('search'), 'active');
});

test('two holds on one key: one act puts it off, and releasing one hold does not bring it back', async () => {
  await using world = await World.create('two_holds', ['search']);
  await world.policy({ limits: [LIMIT, SECOND] });
  const revoker = world.revoker();
  await world.spend({ limit: 'search per month', usd: 2.5 });
  await world.spend({ limit: 'search hard stop', usd: 2.5 });
  await turn(revoker);
  assert.deepEqual(await world.states(), ['in_force', 'in_force']);
  assert.equal(world.updates().length, 1);

  await world.pool.query(`update hold set resume_at = now() - interval '1 second' where rule = 'search per month'`);
  await releaseTurn(revoker);
  assert.deepEqual(await world.states(), ['released', 'in_force']);
  assert.equal(world.status('search'), 'inactive');
  assert.equal(world.updates().length, 1);

  await world.policy({ limits: [] });
  await releaseTurn(revoker);
  assert.equal(world.status('search'), 'active');
});

test('while paused nothing comes back either', async () => {
  await using world = await World.create('paused_release', ['search']);
  await world.policy({ limits: [LIMIT] });
  const revoker = world.revoker();
  await world.spend({ limit: 'search per month', usd: 2.5 });
  await turn(revoker);
  await world.command('pause');
  await world.policy({ limits: [{ ...LIMIT, usd: 5 }] });
  await releaseTurn(revoker);
  assert.deepEqual(await world.states(), ['in_force']);
  await world.command('unpause');
  await releaseTurn(revoker);
  assert.equal(world.status('search'), 'active');
});

test('a proposal ends, with the reason, as soon as its limit is raised, gone, or does not suspend any more', async () => {
  const cases = [
    ['the limit is now above what was used', [{ ...LIMIT, usd: 5 }]],
    ['the policy has no such limit any more', []],
    ['the limit does not suspend any more', [{ ...LIMIT, onBreach: 'alert' as const }]],
    ['the limit measures something else now', [{ ...LIMIT, key: 'other' }]],
  ] as const;
  for (const [because, limits] of cases) {
    await using world = await World.create('proposal_fell', ['search', 'other']);
    await world.policy({ limits: [LIMIT], mode: 'observe' });
    const revoker = world.revoker();
    await world.spend({ limit: 'search per month', usd: 2.5 });
    await turn(revoker);
    await world.policy({ limits: [...limits] });
    await revoker.release.tickNow();
    const [hold] = await world.holds();
    assert.deepEqual([hold?.state, hold?.ended_because], ['superseded', because]);
    const audit = await world.rows("select reason from audit_pending where action = 'hold.superseded'");
    assert.deepEqual(audit, [{ reason: because }]);
  }
});

test('a proposal waits on while its limit is below what was used, certain or not', async () => {
  await using world = await World.create('proposal_waits', ['search']);
  await world.policy({ limits: [LIMIT] });
  const revoker = world.revoker();
  await world.spend({ limit: 'search per month', usd: 3.5, provisionalUsd: 3, kind: 'provisional' });
  await turn(revoker);
  await world.policy({ limits: [{ ...LIMIT, usd: 3 }] });
  await revoker.release.tickNow();
  assert.deepEqual(await world.states(), ['proposed']);
});

test('a key that somebody else switched on is not held again for the same limit in the same window', async () => {
  await using world = await World.create('foreign_again', ['search']);
  await world.policy({ limits: [LIMIT] });
  const revoker = world.revoker();
  await world.spend({ limit: 'search per month', usd: 2.5 });
  await turn(revoker);
  await world.inConsole('search', { status: 'active' });
  await world.inventory('search');
  await revoker.observe.tickNow();
  await world.pool.query('update breach set consumed_at = null');
  await world.spend({ limit: 'search per month', usd: 4, kind: 'provisional' });
  await turn(revoker);
  assert.deepEqual(await world.rows('select from breach where consumed_at is null'), []);
  assert.deepEqual(await world.states(), ['overridden']);
  assert.equal(world.status('search'), 'active');
});

test('a key that somebody else switched on while held is left on: finding, page, hold overridden', async () => {
  await using world = await World.create('foreign', ['search']);
  await world.policy({ limits: [LIMIT] });
  const revoker = world.revoker({ observeEveryMs: 1 });
  await world.spend({ limit: 'search per month', usd: 2.5 });
  await turn(revoker);
  await revoker.observe.tickNow();
  assert.deepEqual(await world.states(), ['in_force']);

  await world.inConsole('search', { status: 'active' });
  await new Promise((resolve) => setTimeout(resolve, 5));
  await revoker.observe.tickNow();
  await turn(revoker);
  assert.deepEqual(await world.states(), ['overridden']);
  assert.equal(world.status('search'), 'active');
  assert.equal(world.updates().length, 1);
  assert.equal((await world.messages('key_switched_on')).length, 1);
  assert.equal((await world.rows("select * from finding where kind = 'key_switched_on'")).length, 1);
});

test('the inventory seeing a held key on makes the revoker look at once', async () => {
  await using world = await World.create('foreign_inventory', ['search']);
  await world.policy({ limits: [LIMIT] });
  const revoker = world.revoker({ observeEveryMs: 3_600_000 });
  await world.spend({ limit: 'search per month', usd: 2.5 });
  await turn(revoker);
  await world.inConsole('search', { status: 'active' });
  await revoker.observe.tickNow();
  assert.deepEqual(await world.states(), ['in_force']);
  await world.inventory('search');
  await revoker.observe.tickNow();
  assert.deepEqual(await world.states(), ['overridden']);
});

test('Postgres itself refuses a state that does not follow, and a hold without evidence', async () => {
  await using world = await World.create('states', ['search']);
  await world.policy({ limits: [LIMIT], mode: 'observe' });
  await world.spend({ limit: 'search per month', usd: 2.5 });
  await turn(world.revoker());
  const illegal = (set: string) => world.pool.query(`update hold set ${set}`);
  await assert.rejects(illegal(`state = 'in_force', in_force_at = now()`), /can't go from proposed to in_force/);
  await assert.rejects(illegal(`state = 'released', ended_at = now()`), /can't go from proposed to released/);
  await assert.rejects(illegal(`evidence = '{}'`), /violates check constraint/);
  await illegal(`state = 'rejected', ended_at = now()`);
  await assert.rejects(illegal(`state = 'approved', ended_at = null`), /can't go from rejected to approved/);
});
