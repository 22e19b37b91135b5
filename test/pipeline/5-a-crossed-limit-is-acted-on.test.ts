import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../../infra/local/eventually.ts';
import { call, install, policyText } from '../harness/installation.ts';

const keys = [{ name: 'search' }, { name: 'other' }];
const seed = keys.map(({ name }) => ({ name, workspace: 'Development' }));
const limit = '{ name: search per month, key: search, period: month, budget: 0.01 USD, on_breach: suspend }';

test('a budget that is crossed ends in an inactive key, read back, and its next call gets 401; other keys go on', async () => {
  await using bursar = await install('crossed', seed);
  await Promise.all([bursar.start('aggregator'), bursar.start('scheduler'), bursar.start('revoker')]);
  await bursar.inventory();
  await bursar.apply(policyText({ keys, limits: [limit] }));
  await bursar.bind('search');
  const search = bursar.client('search', { service: 'search', role: 'USER' });
  const other = bursar.client('other', { service: 'other', role: 'USER' });

  await call(search.anthropic, 9_000);
  await call(other.anthropic, 50_000);
  await eventually('the first calls are counted', async () => {
    const { rows } = await bursar.db.query('select count(*)::int as n from usage_event');
    return rows[0].n === 3;
  });
  assert.equal(bursar.statusOf('search'), 'active', 'nine tenths are not the limit');
  const warning = await bursar.db.query(`select percent from breach where kind = 'warning'`);
  assert.deepEqual(warning.rows, [{ percent: 80 }]);

  await call(search.anthropic, 1_000);
  const act = await eventually('the act is verified', async () => {
    const { rows } = await bursar.db.query(`select * from act where verified_at is not null`);
    return rows[0];
  });
  assert.equal(act.read_back_status, 'inactive');
  assert.equal(bursar.statusOf('search'), 'inactive');
  await assert.rejects(call(search.anthropic, 1), { status: 401 });
  await call(other.anthropic, 1);
  const reads = bursar.emulator.adminLog().filter((entry) => entry.path.includes('/api_keys/'));
  assert.deepEqual(
    reads.map((entry) => entry.method),
    ['POST', 'GET'],
    'one update, then Anthropic was asked again',
  );
});

test('what the write path missed is found by the sweep, acted on and counted as a defect', async () => {
  await using bursar = await install('sweep', seed, { BURSAR_CRON_SWEEP: '* * * * * *' });
  await Promise.all([bursar.start('aggregator'), bursar.start('revoker')]);
  const scheduler = await bursar.start('scheduler');
  await bursar.inventory();
  await bursar.apply(policyText({ keys, limits: [limit] }));
  await bursar.bind('search');
  // A defect of the write path, made by hand: its breaches get lost.
  await bursar.db.query(`create function lose() returns trigger language plpgsql as $$ begin return null; end $$`);
  await bursar.db.query(
    `create trigger lose before insert on breach for each row when (new.source = 'write_path') execute function lose()`,
  );
  const search = bursar.client('search', { service: 'search', role: 'USER' });
  await call(search.anthropic, 20_000);
  await eventually('the key is inactive', () => bursar.statusOf('search') === 'inactive');
  const { rows } = await bursar.db.query(`select source from breach where kind = 'limit'`);
  assert.deepEqual(rows, [{ source: 'sweep' }]);
  const metrics = await (await fetch(`${scheduler.healthUrl}/metrics`)).text();
  assert.match(metrics, /bursar_breach_missed_total\{[^}]*\} [1-9]/);
});
