import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { localPauseOf } from './revoker.ts';
import { type TestLimit, turn, World } from './test-world.ts';

const names = (count: number) => Array.from({ length: count }, (_, i) => `key-${i}`);
const limitOf = (key: string): TestLimit => ({ name: `${key} per month`, key, usd: 2 });

async function worldWith(name: string, keys: readonly string[]): Promise<World> {
  const world = await World.create(name, keys);
  await world.policy({ limits: keys.map(limitOf) });
  return world;
}

async function breakAll(world: World, keys: readonly string[]): Promise<void> {
  for (const key of keys) await world.spend({ limit: `${key} per month`, usd: 2.5 });
}

test('two revokers at a cap of five of which four are used make exactly one act, and page once', async () => {
  const keys = names(8);
  await using world = await worldWith('cap', keys);
  await world.policy({ caps: { per10Minutes: 5 } });
  const revokers = [world.revoker(), world.revoker()];
  await breakAll(world, keys.slice(0, 4));
  await turn(...revokers);
  assert.equal(world.updates().length, 4);

  await breakAll(world, keys.slice(4));
  await Promise.all(revokers.map((revoker) => revoker.consume.tickNow()));
  for (let i = 0; i < 3; i++) await turn(...revokers);
  assert.equal(world.updates().length, 5);
  const states = await world.states();
  assert.equal(states.filter((state) => state === 'approved').length, 3);
  assert.equal((await world.messages('cap_full')).length, 1);

  await world.pool.query(`update act set requested_at = requested_at - interval '11 minutes'`);
  await turn(...revokers);
  assert.equal(world.updates().length, 8);
});

test('the cap of a day is a share of the active keys, rounded down but at least one', async () => {
  const keys = names(3);
  await using world = await worldWith('cap_day', keys);
  await world.policy({ caps: { perDay: { percent: 10 } } });
  const revoker = world.revoker();
  await breakAll(world, keys);
  await turn(revoker);
  await turn(revoker);
  assert.equal(world.updates().length, 1);
});

test('trying one key again and again uses up the cap once', async () => {
  const keys = names(2);
  await using world = await worldWith('cap_retry', keys);
  await world.policy({ caps: { per10Minutes: 2 } });
  const revoker = world.revoker();
  world.emulator.addFault({ fault: { kind: 'unchanged' }, apiKeyId: world.id('key-0'), times: 3 });
  await breakAll(world, keys.slice(0, 1));
  for (let i = 0; i < 4; i++) await turn(revoker);
  await breakAll(world, keys.slice(1));
  await turn(revoker);
  assert.equal(world.status('key-1'), 'inactive');
});

test('while paused nothing is switched off; the end of the pause lets one act happen, a person the rest', async () => {
  const keys = names(3);
  await using world = await worldWith('pause', keys);
  const revoker = world.revoker();
  await world.command('pause');
  await breakAll(world, keys);
  await turn(revoker);
  assert.equal(world.updates().length, 0);
  assert.deepEqual(await world.states(), ['approved', 'approved', 'approved']);
  const [audit] = await world.rows("select actor, reason from audit_pending where action = 'enforcement.pause'");
  assert.deepEqual(audit, { actor: 'postgres', reason: 'pause for a test' });

  await world.command('unpause');
  for (let i = 0; i < 3; i++) await turn(revoker);
  assert.equal(world.updates().length, 1);
  assert.equal((await world.messages('backlog')).length, 1);

  await world.command('unpause', { backlog: 'all' });
  await turn(revoker);
  assert.equal(world.updates().length, 3);
});

test('what is broken after a pause is acted on at once, whatever waits from before', async () => {
  const keys = names(3);
  await using world = await worldWith('pause_after', keys);
  const revoker = world.revoker();
  await world.command('pause');
  await breakAll(world, keys.slice(0, 2));
  await turn(revoker);
  await world.command('unpause');
  await turn(revoker);
  await breakAll(world, keys.slice(2));
  await turn(revoker);
  assert.equal(world.status('key-2'), 'inactive');
  assert.equal(world.updates().length, 2);
});

test('a pause with an end reminds before it and ends by itself', async () => {
  await using world = await worldWith('pause_end', ['key-0']);
  const revoker = world.revoker();
  await world.command('pause', { until: new Date(Date.now() + 300_000).toISOString() });
  await breakAll(world, ['key-0']);
  await turn(revoker);
  await turn(revoker);
  assert.equal((await world.messages('pause_ends')).length, 1);
  assert.equal(world.updates().length, 0);
  await world.pool.query(`update enforcement_gate set paused_until = now() - interval '1 second'`);
  await turn(revoker);
  assert.equal(world.updates().length, 1);
  assert.equal((await world.messages('enforcement_unpaused')).length, 1);
});

test('a pause whose end can not be read is refused, in words', async () => {
  await using world = await worldWith('pause_odd', ['key-0']);
  await world.command('pause', { until: 'tomorrow' });
  await turn(world.revoker());
  assert.match(String((await world.rows('select outcome from command'))[0]?.outcome), /arguments.until is not a time/);
});

test('a command to the aggregator is left to it, and keeps no key from being switched off', async () => {
  await using world = await worldWith('other_command', ['key-0']);
  await world.pool.query(
    `insert into command (kind, reason, arguments) values ('quarantine_discard', 'r', '{"ids":["1"]}')`,
  );
  await breakAll(world, ['key-0']);
  await turn(world.revoker());
  assert.equal(world.updates().length, 1);
  assert.deepEqual(await world.rows('select done_at, outcome from command'), [{ done_at: null, outcome: null }]);
  assert.deepEqual(await world.rows('select paused from enforcement_gate'), [{ paused: false }]);
});

test('an option and a file pause one process, and the file stops doing so when it is gone', async () => {
  await using world = await worldWith('pause_local', ['key-0']);
  const folder = mkdtempSync(join(tmpdir(), 'bursar-pause-'));
  try {
    const pauseFile = join(folder, 'paused');
    writeFileSync(pauseFile, '');
    await breakAll(world, ['key-0']);
    await turn(world.revoker({ localPause: localPauseOf({ paused: true }) }));
    const revoker = world.revoker({ localPause: localPauseOf({ paused: false, pauseFile }) });
    await turn(revoker);
    assert.equal(world.updates().length, 0);
    rmSync(pauseFile);
    await turn(revoker);
    assert.equal(world.updates().length, 1);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a refused admin credential shuts the gate, pages, is not ready, and opens again by itself', async () => {
  await using world = await worldWith('breaker', names(2));
  const revoker = world.revoker();
  const enforcement = revoker.parts.find((part) => part.name === 'enforcement');
  world.emulator.addFault({ fault: { kind: 'error', status: 401, type: 'authentication_error' } });
  await breakAll(world, ['key-0']);
  await turn(revoker);
  await revoker.gate.tickNow();
  assert.match(String(enforcement?.ready?.()), /enforcement is off: Anthropic refused the admin credential/);
  const [page] = await world.messages('enforcement_off');
  assert.equal(page?.severity, 'page');
  const incidents = () => world.rows('select kind, subject, sentence, resolution from incident');
  const [incident] = await incidents();
  assert.match(String(incident?.sentence), /^Enforcement is OFF.*HTTP 401.*ANTHROPIC_ADMIN_KEY_FILE/);
  assert.equal(incident?.resolution, null);
  const calls = world.updates().length;
  await breakAll(world, ['key-1']);
  await turn(revoker);
  assert.equal(world.updates().length, calls);

  world.emulator.clearFaults();
  await revoker.gate.tickNow();
  assert.equal(enforcement?.ready?.(), true);
  assert.deepEqual(
    (await incidents()).map(({ resolution }) => resolution),
    ['Our admin credential works again: enforcement is on.'],
  );
  for (let i = 0; i < 3; i++) await turn(revoker);
  assert.deepEqual(
    ['key-0', 'key-1'].map((name) => world.status(name)),
    ['inactive', 'inactive'],
  );
  assert.equal((await world.rows("select from outbox where severity = 'page' and subject = 'enforcement'")).length, 1);
});
