import assert from 'node:assert/strict';
import { test } from 'node:test';
import { releaseTurn, turn, World } from './test-world.ts';

const LIMIT = { name: 'search per month', key: 'search', usd: 2 };

test('a key that comes back after an attempt of unknown end is looked at first, and not switched on when it never was off', async () => {
  await using world = await World.create('looks_first', ['search']);
  await world.policy({ limits: [LIMIT] });
  world.emulator.addFault({ fault: { kind: 'connection_reset' }, method: 'POST', times: 1 });
  const revoker = world.revoker();
  await world.spend({ limit: LIMIT.name, usd: 2.5 });
  await turn(revoker);
  const [control] = await world.rows('select observed from key_control');
  assert.equal(control?.observed, 'unknown');

  await world.policy({ limits: [{ ...LIMIT, usd: 5 }] });
  await releaseTurn(revoker);
  assert.deepEqual(await world.states(), ['released']);
  const acts = await world.rows('select wanted, outcome from act order by act_id');
  assert.deepEqual(acts, [
    { wanted: 'inactive', outcome: 'failed' },
    { wanted: 'active', outcome: 'verified' },
  ]);
  assert.equal(world.updates().length, 1, 'only the one that was lost');
  assert.equal(world.status('search'), 'active');
});
