import assert from 'node:assert/strict';
import { test } from 'node:test';
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
