import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually } from '../../../infra/local/eventually.ts';
import { call, install, policyText } from '../../../test/harness/installation.ts';

const keys = [{ name: 'search' }, { name: 'other' }];
const seed = keys.map(({ name }) => ({ name, workspace: 'Development' }));
const limits = ['{ name: search per month, key: search, period: month, budget: 0.01 USD, on_breach: suspend }'];

test('a real emitter that signs is counted, its close too; one that uses the key of another service can not bankrupt it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bursar-signed-'));
  for (const { name } of keys) await writeFile(join(folder, name), randomBytes(32).toString('hex'));
  await using bursar = await install('signed', seed, { BURSAR_SIGNING_SECRETS_DIR: folder });
  await Promise.all([bursar.start('aggregator'), bursar.start('scheduler'), bursar.start('revoker')]);
  await bursar.inventory();
  await bursar.apply(policyText({ keys, limits, events: '{ require_signature: "*" }' }));
  const signed = (service: string) => ({ service, role: 'USER', signingSecretFile: join(folder, service) });

  const search = bursar.client('search', signed('search'));
  await call(search.anthropic, 1_000);
  await eventually('the key is bound', async () => {
    const { rows } = await bursar.db.query('select 1 from key_binding where unbound_at is null');
    return rows.length === 1;
  });
  const thief = bursar.client('search', signed('other'));
  for (let left = 3; left > 0; left--) await call(thief.anthropic, 50_000);
  const unsigned = bursar.client('search', { service: 'search', role: 'USER' });
  await call(unsigned.anthropic, 50_000);
  await Promise.all([search, thief, unsigned].map(({ meter }) => meter.close(5_000)));

  const reasons = await eventually('everything that was sent is read', async () => {
    const { rows } = await bursar.db.query<{ reason: string; times: number }>(
      'select reason, count(*)::int as times from quarantine group by 1 order by 1',
    );
    return rows.reduce((sum, { times }) => sum + times, 0) === 6 ? rows : undefined;
  });
  // Of the unsigned meter its call, its start and its goodbye.
  assert.deepEqual(reasons, [
    { reason: 'foreign_key', times: 3 },
    { reason: 'unsigned', times: 3 },
  ]);
  // The goodbyes come by partitions of their own.
  const boots = await eventually('both services said goodbye', async () => {
    const { rows } = await bursar.db.query<{ service: string; seen: number }>(
      'select service, sum(seen)::int as seen from emitter_seq group by 1 having max(closed_at) is not null order by 1',
    );
    return rows.length === 2 ? rows : undefined;
  });
  assert.deepEqual(boots, [
    { service: 'other', seen: 0 },
    { service: 'search', seen: 1 },
  ]);
  const { rows: windows } = await bursar.db.query('select total from limit_window');
  assert.deepEqual(windows, [{ total: '0.001005000000' }]);
  assert.deepEqual((await bursar.db.query('select 1 from breach')).rows, []);
  assert.equal(bursar.statusOf('search'), 'active');
  await rm(folder, { recursive: true });
});
