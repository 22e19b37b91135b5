import assert from 'node:assert/strict';
import { test } from 'node:test';
import { releaseTurn, turn, World } from './test-world.ts';

const DAY_MS = 86_400_000;
const daysAgo = (days: number) => new Date(Date.now() - days * DAY_MS);

/** A key of the service `search` that was made 100 days ago: its 90 days and 7 days of grace are over. */
async function oldKey(name: string, environment: string): Promise<World> {
  const world = await World.create(name, ['old', 'new']);
  await world.policy({
    entries: [
      { name: 'old', environment },
      { name: 'new', environment },
    ],
  });
  await world.pool.query('update api_key set created_at = $1 where name = $2', [daysAgo(100), 'old']);
  return world;
}

async function due(world: World, kind: 'warning' | 'limit', percent: number): Promise<void> {
  await world.pool.query(
    `insert into breach (cause, rule, generation, policy_version_id, subject, window_start, window_end, kind, percent, source)
     values ('rotation', 'rotation', 1, 1, $1, $2, '9999-01-01Z', $3, $4, 'rotation')`,
    [world.id('old'), daysAgo(10), kind, percent],
  );
}

test('a reminder of a rotation is told and holds nothing', async () => {
  await using world = await oldKey('remind', 'development');
  await due(world, 'warning', 7);
  await turn(world.revoker());
  assert.match(String((await world.messages('rotation_reminder'))[0]?.sentence), /due for rotation in 7 days/);
  assert.deepEqual(await world.holds(), []);
});

test('past its date and grace a key is suspended, until the policy gives it longer', async () => {
  await using world = await oldKey('rotate', 'development');
  const revoker = world.revoker();
  await due(world, 'limit', 100);
  await turn(revoker);
  assert.equal(world.status('old'), 'inactive');
  await releaseTurn(revoker);
  assert.equal(world.status('old'), 'inactive');
  await world.policy({ entries: [{ name: 'old', rotateEveryMs: 365 * DAY_MS }] });
  await releaseTurn(revoker);
  assert.equal(world.status('old'), 'active');
});

test('a production key that still carries traffic is only proposed while no successor is seen', async () => {
  await using world = await oldKey('rotate_production', 'production');
  await world.used('old', 'search');
  await due(world, 'limit', 100);
  await turn(world.revoker());
  assert.deepEqual(await world.states(), ['proposed']);
  const [page] = await world.messages('hold_proposed');
  assert.match(String(page?.sentence), /still carries production traffic and no other active key of search does/);
  assert.equal(world.status('old'), 'active');
});

test('a production key whose successor is seen in traffic is suspended', async () => {
  await using world = await oldKey('rotate_successor', 'production');
  await world.used('old', 'search');
  await world.used('new', 'search');
  await due(world, 'limit', 100);
  await turn(world.revoker());
  assert.equal(world.status('old'), 'inactive');
  assert.equal(world.status('new'), 'active');
});
