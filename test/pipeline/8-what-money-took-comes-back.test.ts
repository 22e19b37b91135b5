import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../../infra/local/eventually.ts';
import { call, type Installation, install, policyText } from '../harness/installation.ts';

const DAY_MS = 86_400_000;
const limitOf = (usd: string) =>
  `{ name: search per month, key: search, period: month, budget: ${usd} USD, on_breach: suspend }`;

async function begin(name: string, createdAt: string): Promise<Installation> {
  const bursar = await install(name, [{ name: 'search', workspace: 'Development', createdAt }], {
    BURSAR_CRON_ROTATION: '* * * * * *',
  });
  await Promise.all([bursar.start('aggregator'), bursar.start('scheduler'), bursar.start('revoker')]);
  await bursar.inventory();
  return bursar;
}

const becomes = (bursar: Installation, status: string) =>
  eventually(`the key is ${status}`, () => bursar.statusOf('search') === status, 20_000);

async function holds(bursar: Installation): Promise<string[]> {
  const { rows } = await bursar.db.query<{ cause: string; state: string }>(
    'select cause, state from hold order by hold_id',
  );
  return rows.map(({ cause, state }) => `${cause} ${state}`);
}

test('a key suspended for money comes back when its limit is raised, and is suspended again when it crosses that', async () => {
  await using bursar = await begin('raise', new Date().toISOString());
  const keys = [{ name: 'search' }];
  await bursar.apply(policyText({ keys, limits: [limitOf('0.01')] }));
  const { anthropic } = bursar.client('search', { service: 'search', role: 'USER' });
  await call(anthropic, 20_000);
  await becomes(bursar, 'inactive');
  await bursar.apply(policyText({ keys, limits: [limitOf('0.05')] }));
  await becomes(bursar, 'active');
  await call(anthropic, 40_000);
  await becomes(bursar, 'inactive');
  assert.deepEqual(await holds(bursar), ['limit released', 'limit in_force']);
});

test('a key held for money and for rotation stays off until neither holds it', async () => {
  await using bursar = await begin('two', new Date(Date.now() - 10 * DAY_MS).toISOString());
  const due = [{ name: 'search', rotate: '9d', grace: '1s' }];
  const later = [{ name: 'search', rotate: '90d', grace: '1s' }];
  await bursar.apply(policyText({ keys: later, limits: [limitOf('0.01')] }));
  const { anthropic } = bursar.client('search', { service: 'search', role: 'USER' });
  await call(anthropic, 20_000);
  await becomes(bursar, 'inactive');
  await eventually('the inventory knows it', async () => {
    const { rows } = await bursar.db.query(`select 1 from api_key where status = 'inactive'`);
    return rows.length === 1;
  });
  await bursar.apply(policyText({ keys: due, limits: [limitOf('0.01')] }));
  await eventually(
    'both hold it',
    async () => (await holds(bursar)).filter((hold) => hold.endsWith('in_force')).length === 2,
  );

  await bursar.apply(policyText({ keys: due, limits: [limitOf('5')] }));
  await eventually('the limit lets go', async () => (await holds(bursar)).includes('limit released'));
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  assert.equal(bursar.statusOf('search'), 'inactive', 'rotation still holds it');

  await bursar.apply(policyText({ keys: later, limits: [limitOf('5')] }));
  await becomes(bursar, 'active');
});
