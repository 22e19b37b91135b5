import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Dimension } from '@bursar/db/ledger/dimensions';
import { freshDatabase } from '../../test/harness/database.ts';
import { testPool } from '../../test/harness/ledger.ts';
import { trafficKey, usageEvent } from '../../test/harness/traffic.ts';
import { LedgerNames } from './ledger-names.ts';

const NOBODY = { policyVersionId: undefined, voucherOf: () => '' };
const record = () => ({ event: usageEvent(trafficKey()), occurredAtMs: Date.now(), offset: 0n });

test('a batch has every number that it asked for, also when the memory is full and forgets', async () => {
  await using database = await freshDatabase('names');
  await using db = testPool(database.url);
  const names = new LedgerNames(db, 2);
  const records = [record(), record(), record()];
  const first = await names.keyRefs(records.slice(0, 2), NOBODY);
  assert.equal(first.metNew, true);
  const both = await names.keyRefs(records, NOBODY);
  assert.equal(both.refs.size, 3);
  for (const [sha256, keyRef] of first.refs) assert.equal(both.refs.get(sha256), keyRef);

  const dimension = (principal: string): Dimension => ({
    ...{ key_ref: [...first.refs.values()][0]!, role: 'USER', workspace_id: '', service: 'search', principal },
    ...{ model: 'm', price_row: 'p', usage_basis: 'reported' as const },
  });
  const [anna, bert] = await names.dimensionIds([dimension('anna'), dimension('bert')]);
  const carl = dimension('carl');
  const ids = await names.dimensionIds([dimension('bert'), carl, dimension('anna'), carl]);
  assert.deepEqual([ids[0], ids[2]], [bert, anna]);
  assert.equal(ids[1], ids[3]);
  assert.equal(new Set(ids).size, 3);
});

test('under another policy a key is asked for again: it may have become the own one of a service', async () => {
  await using database = await freshDatabase('names_policy');
  await using db = testPool(database.url);
  const names = new LedgerNames(db);
  const key = trafficKey();
  const records = [{ event: usageEvent(key), occurredAtMs: Date.now(), offset: 0n }];
  const before = (await names.keyRefs(records, NOBODY)).refs.get(key.sha256);
  await db.query(`update key_identity set vouched_by = 'beta'`);
  const after = await names.keyRefs(records, { ...NOBODY, policyVersionId: 2 });
  assert.notEqual(after.refs.get(key.sha256), before, 'what others say of it no longer counts there');
  const own = await names.keyRefs(records, { policyVersionId: 2, voucherOf: () => 'beta' });
  assert.equal(own.refs.get(`${key.sha256}/beta`), before);
});
