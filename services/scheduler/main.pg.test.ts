import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { startEmulator } from '@bursar/anthropic-emulator/emulator';
import { openPool } from '@bursar/db/pool';
import { eventually } from '../../infra/local/eventually.ts';
import { startService } from '../../infra/local/service-process.ts';
import { freshDatabase } from '../../test/harness/database.ts';

const MAIN = 'services/scheduler/main.ts';
const SEED = { workspaces: [{ name: 'Production' }], apiKeys: [{ name: 'auth', workspace: 'Production' }] };

async function surroundings() {
  const database = await freshDatabase('scheduler_main');
  const emulator = await startEmulator({ seed: SEED });
  return {
    emulator,
    databaseUrl: database.url,
    environment: { DATABASE_URL: database.url, ANTHROPIC_BASE_URL: emulator.url, BURSAR_START_TIMEOUT: '15s' },
    async [Symbol.asyncDispose]() {
      await emulator.close();
      await database[Symbol.asyncDispose]();
    },
  };
}

test('the scheduler reads the inventory at once, tells when each job last succeeded, and stops cleanly', async () => {
  await using around = await surroundings();
  const key = { ANTHROPIC_ADMIN_KEY: around.emulator.adminKey };
  await using service = await startService(MAIN, { ...around.environment, ...key });
  await service.ready();
  const metrics = async () => (await fetch(`${service.healthUrl}/metrics`)).text();
  const job = (name: string) => new RegExp(`^bursar_job_last_success_timestamp_seconds{.*job="${name}".*} \\d`, 'm');
  await eventually('the jobs of the start and the rates have run', async () => {
    const text = await metrics();
    return ['inventory', 'maintenance', 'rotation', 'rates'].every((name) => job(name).test(text));
  });
  assert.match(await metrics(), /^bursar_breach_missed_total{.*} 0$/m);
  const pool = openPool(around.databaseUrl, { name: 'test' });
  const { rows } = await pool.query('select name from api_key').finally(() => pool.end());
  assert.deepEqual(rows, [{ name: 'auth' }]);
  assert.deepEqual(await service.kill('SIGTERM'), { code: 0, signal: null });
  assert.doesNotMatch(service.log(), /sk-ant-admin01-\w/);
});

test('the scheduler refuses a key of the wrong kind, names the kind, and does not show the key', async () => {
  await using around = await surroundings();
  const secret = `sk-ant-api03-${randomBytes(24).toString('hex')}`;
  await using service = await startService(MAIN, { ...around.environment, ANTHROPIC_ADMIN_KEY: secret });
  assert.equal((await service.ended).code, 2);
  assert.match(service.log(), /an ordinary API key/);
  assert.ok(!service.log().includes(secret.slice(13)));
});

test('the scheduler refuses an admin key that Anthropic refuses', async () => {
  await using around = await surroundings();
  const secret = `sk-ant-admin01-${randomBytes(24).toString('hex')}`;
  await using service = await startService(MAIN, { ...around.environment, ANTHROPIC_ADMIN_KEY: secret });
  assert.equal((await service.ended).code, 2);
  assert.match(service.log(), /Anthropic refused the admin credential/);
  assert.ok(!service.log().includes(secret.slice(15)));
});

test('the scheduler refuses another organization than the one it was pinned to, with a code of its own', async () => {
  await using around = await surroundings();
  const pool = openPool(around.databaseUrl, { name: 'test' });
  await pool.query(`insert into organization (organization_id, name) values ('org_other', 'Other')`);
  await pool.end();
  const key = { ANTHROPIC_ADMIN_KEY: around.emulator.adminKey };
  await using service = await startService(MAIN, { ...around.environment, ...key });
  assert.equal((await service.ended).code, 4);
  assert.match(service.log(), /belongs to the organization Other/);
});

test('the scheduler says what it waits for and gives up after the stated time', async () => {
  await using around = await surroundings();
  const away = { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nothing', BURSAR_START_TIMEOUT: '500ms' };
  const key = { ANTHROPIC_ADMIN_KEY: around.emulator.adminKey };
  await using service = await startService(MAIN, { ...around.environment, ...away, ...key });
  assert.equal((await service.ended).code, 1);
  assert.match(service.log(), /Postgres with the Bursar schema is away: gave up after 500 ms/);
});

test('the scheduler tells every wrong cron expression at once', async () => {
  const wrong = {
    DATABASE_URL: 'postgres://x/y',
    BURSAR_CRON_SWEEP: 'now and then',
    BURSAR_CRON_RATES: '99 * * * *',
  };
  await using service = await startService(MAIN, wrong);
  assert.equal((await service.ended).code, 2);
  assert.match(service.log(), /BURSAR_CRON_SWEEP/);
  assert.match(service.log(), /BURSAR_CRON_RATES/);
});

test('the scheduler refuses to drop requests while their ids may come again, with both numbers and what to set', async () => {
  for (const [keep, days] of [
    ['5d', 5],
    ['10d', 10],
  ] as const) {
    const around = { DATABASE_URL: 'postgres://x/y', BURSAR_KEEP_REQUESTS: keep };
    await using service = await startService(MAIN, around);
    assert.equal((await service.ended).code, 2);
    assert.match(
      service.log(),
      new RegExp(`after ${days} days, but .* come again for 10 days .* set it to 11d or more`),
    );
  }
});
