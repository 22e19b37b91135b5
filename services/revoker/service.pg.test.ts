import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { eventually } from '../../infra/local/eventually.ts';
import { startService } from '../../infra/local/service-process.ts';
import { World } from './test-world.ts';

const LIMIT = { name: 'search per month', key: 'search', usd: 2 };
const MAIN = 'services/revoker/main.ts';

const environment = (world: World) => ({
  DATABASE_URL: world.databaseUrl,
  // Nobody listens there: enforcement must not need Kafka.
  KAFKA_BROKERS: '127.0.0.1:9',
  ANTHROPIC_ADMIN_KEY: world.emulator.adminKey,
  ANTHROPIC_BASE_URL: world.emulator.url,
  BURSAR_ADMIN_API: 'emulator',
});

test('the process suspends, ends cleanly, and its successor brings the key back', async () => {
  await using world = await World.create('process', ['search']);
  await world.policy({ limits: [LIMIT] });
  {
    await using first = await startService(MAIN, environment(world));
    await eventually('it is up', () => first.log().includes('is up'));
    await world.spend({ limit: 'search per month', usd: 2.5 });
    await eventually('the key is off', () => world.status('search') === 'inactive');
    await eventually(
      'it is recorded',
      async () => (await world.rows("select from act where outcome = 'verified'")).length === 1,
    );
    assert.equal((await first.kill('SIGTERM')).code, 0);
    assert.ok(!first.log().includes(world.emulator.adminKey));
  }
  await world.policy({ limits: [{ ...LIMIT, usd: 5 }] });
  await using second = await startService(MAIN, environment(world));
  await eventually('the key is back', () => world.status('search') === 'active');
  assert.match(second.log(), /BURSAR_STANDING_KEY_FILE is not set/);
});

test('an ordinary API key, and an admin key that Anthropic refuses, end the start with one clear line', async () => {
  await using world = await World.create('wrong_key', ['search']);
  const tail = randomBytes(60).toString('base64url');
  const cases: [key: string, line: RegExp][] = [
    [`sk-ant-api03-${tail}`, /is an ordinary API key/],
    [`sk-ant-admin01-${tail}`, /Anthropic refused the admin credential/],
  ];
  for (const [key, line] of cases) {
    await using service = await startService(MAIN, { ...environment(world), ANTHROPIC_ADMIN_KEY: key });
    assert.equal((await service.ended).code, 2);
    assert.match(service.log(), line);
    assert.ok(!service.log().includes(tail));
  }
});

test('the emulator option is refused with the address of the real API', async () => {
  await using world = await World.create('wrong_url', []);
  await using service = await startService(MAIN, {
    ...environment(world),
    ANTHROPIC_BASE_URL: 'https://api.anthropic.com',
  });
  assert.equal((await service.ended).code, 2);
  assert.match(service.log(), /ANTHROPIC_BASE_URL is the real API/);
});

test('a dependency that stays away ends the start with code 1 and its name', async () => {
  await using world = await World.create('away', []);
  const cases = [
    [{ DATABASE_URL: 'postgres://nobody@127.0.0.1:9/none' }, /Postgres is away/],
    [{ ANTHROPIC_BASE_URL: 'http://127.0.0.1:9' }, /the Admin API is away/],
  ] as const;
  for (const [change, line] of cases) {
    await using service = await startService(MAIN, { ...environment(world), BURSAR_START_TIMEOUT: '300ms', ...change });
    assert.equal((await service.ended).code, 1);
    assert.match(service.log(), line);
  }
});
