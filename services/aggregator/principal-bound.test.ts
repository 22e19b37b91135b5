import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anthropicPrices } from '@bursar/pricing/anthropic-prices';
import { indexPriceBook } from '@bursar/pricing/price-index';
import { trafficKey, usageEvent } from '../../test/harness/traffic.ts';
import { priceRecords } from './price-records.ts';
import { PrincipalBound, type PrincipalsOf } from './principal-bound.ts';

const prices = indexPriceBook(anthropicPrices);
const key = trafficKey();
const TODAY_MS = Math.floor(Date.now() / 86_400_000) * 86_400_000;
const nothingYet: PrincipalsOf = async () => [];

const recordsOf = (principals: readonly (string | undefined)[], dayMs = TODAY_MS, keyRef = 1) => {
  const usage = principals.map((principal, index) => {
    const event = usageEvent(key, principal === undefined ? {} : { principal }, dayMs + 1_000);
    return { event, occurredAtMs: dayMs + 1_000, offset: BigInt(index) };
  });
  return priceRecords(usage, prices, { keyRefOf: () => keyRef, workspaceOf: () => undefined });
};
const namesAfter = async (bound: PrincipalBound, records: ReturnType<typeof recordsOf>) =>
  (await bound.fold(records)).records.map((record) => record.dimension.principal);

test('the first principals of a key and day keep their names, the others share one, and nobody is left out', async () => {
  const bound = new PrincipalBound(nothingYet, 2);
  assert.deepEqual(await namesAfter(bound, recordsOf(['a', 'b', 'c', 'a', undefined])), ['a', 'b', 'other', 'a', '']);
  const { count, findings } = await bound.fold(recordsOf(['d', 'b', 'e']));
  assert.equal(count, 2);
  assert.deepEqual(
    findings.map(({ kind, subject }) => [kind, subject]),
    [['too_many_principals', 'key_ref/1']],
  );
});

test('another key and another day have names of their own', async () => {
  const bound = new PrincipalBound(nothingYet, 1);
  assert.deepEqual(await namesAfter(bound, recordsOf(['a', 'b'])), ['a', 'other']);
  assert.deepEqual(await namesAfter(bound, recordsOf(['b', 'a'], TODAY_MS - 86_400_000)), ['b', 'other']);
  assert.deepEqual(await namesAfter(bound, recordsOf(['b'], TODAY_MS, 2)), ['b']);
});

test('what the ledger holds of the day is counted, asked once, and again when the memory was too small', async () => {
  const asked: (readonly number[])[] = [];
  const ledger: PrincipalsOf = async (keyRefs) => {
    asked.push(keyRefs);
    return ['a', 'b', 'other'].map((principal) => ({ keyRef: keyRefs[0]!, principal }));
  };
  const bound = new PrincipalBound(ledger, 3, 4);
  assert.deepEqual(await namesAfter(bound, recordsOf(['c', 'd', 'a'])), ['c', 'other', 'a']);
  assert.deepEqual(await namesAfter(bound, recordsOf(['d', 'c'])), ['other', 'c']);
  assert.equal(asked.length, 1);
  await bound.fold(recordsOf(['x'], TODAY_MS, 2));
  await bound.fold(recordsOf(['c']));
  assert.equal(asked.length, 3, 'it forgot and asked again');
});
