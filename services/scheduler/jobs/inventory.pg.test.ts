import assert from 'node:assert/strict';
import { test } from 'node:test';
import { saveApiKeys } from '@bursar/db/inventory/save-api-keys';
import { freshInstallation, putInForce } from '../testing/installation.ts';
import { reviewInventory } from './inventory.ts';

test('a finding opens once, is counted while it lasts, and is resolved when its cause is gone', async () => {
  await using it = await freshInstallation();
  await putInForce(it.pool, {});
  const unset = { hint: null, workspaceId: 'w1', createdBy: null, principal: null, expiresAt: null };
  const key = { apiKeyId: 'k1', name: 'stray', status: 'active', createdAt: '2026-01-01T00:00:00Z', ...unset } as const;
  await saveApiKeys(it.pool, [key]);
  await reviewInventory(it.pool);
  await reviewInventory(it.pool);
  await saveApiKeys(it.pool, [{ ...key, status: 'archived' }]);
  await reviewInventory(it.pool);
  await saveApiKeys(it.pool, [key]);
  await reviewInventory(it.pool);
  const { rows } = await it.pool.query(
    'select kind, subject, times, resolved_at is not null as resolved from finding order by finding_id',
  );
  assert.deepEqual(rows, [
    { kind: 'key_not_in_policy', subject: 'k1', times: 2, resolved: true },
    { kind: 'key_not_in_policy', subject: 'k1', times: 1, resolved: false },
  ]);
});
