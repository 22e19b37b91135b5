import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../../infra/local/eventually.ts';
import { call, install, policyText } from '../harness/installation.ts';

const keys = [{ name: 'search' }];
const seed = [{ name: 'search', workspace: 'Development' }];
const limit = '{ name: search per month, key: search, period: month, budget: 0.01 USD, on_breach: suspend }';

test('an answer of 200 is no proof: while Anthropic still shows the key active it is not called disabled, and it is tried again', async () => {
  await using bursar = await install('readback', seed);
  await Promise.all([bursar.start('aggregator'), bursar.start('scheduler'), bursar.start('revoker')]);
  await bursar.inventory();
  await bursar.apply(policyText({ keys, limits: [limit] }));
  bursar.emulator.addFault({ method: 'POST', path: '/api_keys/', fault: { kind: 'unchanged' } });
  const search = bursar.client('search', { service: 'search', role: 'USER' });
  await call(search.anthropic, 20_000);
  const act = await eventually('an attempt is recorded as unverified', async () => {
    const { rows } = await bursar.db.query(`select * from act where outcome = 'unverified'`);
    return rows[0];
  });
  assert.equal(act.http_status, 200);
  assert.equal(act.read_back_status, 'active');
  assert.equal(act.verified_at, null);
  const control = await bursar.db.query('select wanted, observed from key_control');
  assert.deepEqual(control.rows, [{ wanted: 'inactive', observed: 'active' }]);
  await call(search.anthropic, 1);

  bursar.emulator.clearFaults();
  await eventually('a later attempt is verified', async () => {
    const { rows } = await bursar.db.query(
      `select 1 from act where outcome = 'verified' and read_back_status = 'inactive'`,
    );
    return rows.length === 1;
  });
  await assert.rejects(call(search.anthropic, 1), { status: 401 });
});
