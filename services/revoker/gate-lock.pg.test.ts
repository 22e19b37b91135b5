import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lockGate, pauseGate } from '@bursar/db/enforcement/gate';
import { inTransaction } from '@bursar/db/transaction';
import { eventually } from '../../infra/local/eventually.ts';
import { World } from './test-world.ts';

test('a pause that commits while a claim is under way is seen by it: the key stays on', async () => {
  await using world = await World.create('gate_lock', ['search']);
  await world.policy({ limits: [{ name: 'search per month', key: 'search', usd: 2 }] });
  const revoker = world.revoker();
  await world.spend({ limit: 'search per month', usd: 2.5 });
  await revoker.consume.tickNow();
  let ended = false;
  const { acting } = await inTransaction(world.pool, async (connection) => {
    await lockGate(connection);
    await pauseGate(connection, { actor: 'ada', reason: 'test', until: null });
    const acting = revoker.act.tickNow().finally(() => {
      ended = true;
    });
    await eventually('the claim waits for the gate', async () => {
      const waiting = await world.rows(
        `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      );
      return ended || waiting.length === 1;
    });
    return { acting };
  });
  await acting;
  await revoker.act.settled();
  assert.equal(world.updates().length, 0);
  assert.deepEqual(await world.states(), ['approved']);
  assert.equal(world.status('search'), 'active');
});
