import assert from 'node:assert/strict';
import { test } from 'node:test';
import { saveApiKeys } from '@bursar/db/inventory/save-api-keys';
import type { Pool } from '@bursar/db/pool';
import type { KeyEntry } from '@bursar/policy/policy';
import { freshInstallation, putInForce } from '../testing/installation.ts';
import { reviewRotations } from './rotation.ts';

const DAY_MS = 86_400_000;
const CREATED_MS = Date.UTC(2026, 0, 1);
const onDay = (day: number) => new Date(CREATED_MS + day * DAY_MS);

const ENTRY: KeyEntry = {
  name: 'auth',
  service: 'auth',
  owner: 'team@acme.example',
  environment: 'production',
  role: 'USER',
  protected: false,
  rotateEveryMs: 90 * DAY_MS,
  remindMs: [14 * DAY_MS, 7 * DAY_MS, DAY_MS],
  graceMs: 7 * DAY_MS,
};

async function addKeys(
  pool: Pool,
  ...keys: { id: string; name?: string; status?: 'active' | 'inactive' }[]
): Promise<void> {
  const unset = { hint: null, workspaceId: null, createdBy: null, principal: null, expiresAt: null };
  const createdAt = onDay(0).toISOString();
  await saveApiKeys(
    pool,
    keys.map(({ id, name = 'auth', status = 'active' }) => ({ apiKeyId: id, name, status, createdAt, ...unset })),
  );
}

async function breaches(pool: Pool): Promise<string[]> {
  const { rows } = await pool.query<{ line: string }>(
    `select subject || ' ' || kind || ' ' || percent || ' ' || (window_start at time zone 'UTC')::date as line
       from breach where cause = 'rotation' and rule = 'rotation' and measure_id is null order by breach_id`,
  );
  return rows.map((row) => row.line);
}

test('rotation reminds once at each reminder, once on the date, and breaks the rule after the grace', async () => {
  await using it = await freshInstallation();
  await putInForce(it.pool, { keys: [ENTRY] });
  await addKeys(it.pool, { id: 'k1' });
  for (let day = 70; day < 100; day += 0.5) await reviewRotations(it.pool, onDay(day));
  assert.deepEqual(await breaches(it.pool), [
    'k1 warning 14 2026-04-01',
    'k1 warning 7 2026-04-01',
    'k1 warning 1 2026-04-01',
    'k1 warning 0 2026-04-01',
    'k1 limit 100 2026-04-01',
  ]);
});

test('the rotation of a protected key is only ever spoken of', async () => {
  await using it = await freshInstallation();
  await putInForce(it.pool, { keys: [{ ...ENTRY, protected: true }] });
  await addKeys(it.pool, { id: 'k1' });
  for (const day of [89.5, 92, 500]) await reviewRotations(it.pool, onDay(day));
  assert.deepEqual(await breaches(it.pool), ['k1 warning 1 2026-04-01', 'k1 warning 0 2026-04-01']);
});

test('rotation concerns only a key that is active and alone in its name', async () => {
  await using it = await freshInstallation();
  const entries = ['auth', 'off', 'missing'].map((name) => ({ ...ENTRY, name }));
  await putInForce(it.pool, { keys: entries });
  await addKeys(
    it.pool,
    { id: 'k1' },
    { id: 'k2' },
    { id: 'k3', name: 'off', status: 'inactive' },
    { id: 'k4', name: 'unnamed' },
  );
  await reviewRotations(it.pool, onDay(500));
  assert.deepEqual(await breaches(it.pool), []);
  await addKeys(it.pool, { id: 'k2', status: 'inactive' });
  await reviewRotations(it.pool, onDay(500));
  assert.deepEqual(await breaches(it.pool), ['k1 limit 100 2026-04-01']);
});

test('rotation speaks anew when the policy moves the date', async () => {
  await using it = await freshInstallation();
  await addKeys(it.pool, { id: 'k1' });
  await putInForce(it.pool, { keys: [ENTRY] });
  await reviewRotations(it.pool, onDay(500));
  await putInForce(it.pool, { keys: [{ ...ENTRY, rotateEveryMs: 120 * DAY_MS }] });
  await reviewRotations(it.pool, onDay(500));
  assert.deepEqual(await breaches(it.pool), ['k1 limit 100 2026-04-01', 'k1 limit 100 2026-05-01']);
});
