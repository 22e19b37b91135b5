import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ApprovedHold } from '@bursar/db/enforcement/approved-hold';
import type { KeyEntry, Policy } from '@bursar/policy/policy';
import { whyItFell } from './still-stands.ts';

const DAY_MS = 86_400_000;
const NOW_MS = Date.UTC(2026, 5, 1);
const HOLD: ApprovedHold = {
  holdId: '1',
  cause: 'limit',
  rule: 'search per month',
  sentence: '',
  windowEnd: new Date(NOW_MS + DAY_MS),
  windowOpen: true,
  boundThen: 1,
  boundNow: 1,
  basisNow: 'configured',
  keyName: 'search',
  workspaceName: 'Production',
  keyStatus: 'active',
  keyCreatedAt: new Date(NOW_MS - 100 * DAY_MS),
  keyGone: false,
  limitOnBreach: 'suspend',
  limitReached: true,
  breachRecordedAt: null,
};
const ENTRY: KeyEntry = {
  name: 'search',
  service: 'search',
  owner: 'o',
  environment: 'production',
  role: 'USER',
  protected: false,
  rotateEveryMs: 90 * DAY_MS,
  remindMs: [],
  graceMs: 7 * DAY_MS,
};

function fell(change: Partial<ApprovedHold>, entry: Partial<KeyEntry> | undefined = {}): string | undefined {
  const keys = entry === undefined ? [] : [{ ...ENTRY, ...entry }];
  return whyItFell({ ...HOLD, ...change }, { keys } as unknown as Policy, { auto: true }, NOW_MS);
}

test('a hold stands when nothing it rests on has changed', () => {
  assert.equal(fell({}), undefined);
  assert.equal(fell({ cause: 'rotation', limitOnBreach: null, limitReached: false }), undefined);
});

test('a hold falls with each single thing it rests on', () => {
  const changes: [change: Partial<ApprovedHold>, why: RegExp][] = [
    [{ keyGone: true }, /gone/],
    [{ keyStatus: null }, /gone/],
    [{ keyStatus: 'archived' }, /archived/],
    [{ keyStatus: 'expired' }, /expired/],
    [{ boundNow: 2 }, /not bound/],
    [{ boundNow: null }, /not bound/],
    [{ limitOnBreach: null }, /no such limit/],
    [{ limitOnBreach: 'alert' }, /does not suspend/],
    [{ windowOpen: false }, /period has ended/],
    [{ limitReached: false }, /above what was used/],
    [{ cause: 'rotation', keyCreatedAt: new Date(NOW_MS - 96 * DAY_MS) }, /not due/],
    [{ cause: 'rotation', keyCreatedAt: null }, /gone/],
  ];
  for (const [change, why] of changes) assert.match(fell(change) ?? 'stands', why, JSON.stringify(change));
});

test('a hold falls when the key became protected, or the mode is no longer auto', () => {
  assert.match(fell({}, { protected: true }) ?? '', /protects/);
  const mode = { auto: false, because: 'the policy only observes' } as const;
  assert.equal(whyItFell(HOLD, { keys: [] } as unknown as Policy, mode, NOW_MS), 'the policy only observes');
});

test('a key known by its hint alone needs the policy to name it still', () => {
  assert.equal(fell({ basisNow: 'unique_hint' }), undefined);
  assert.match(fell({ basisNow: 'unique_hint' }, { name: 'another' }) ?? '', /does not name/);
});
