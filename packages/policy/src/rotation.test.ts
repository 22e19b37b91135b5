import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KeyEntry } from './policy.ts';
import { rotationState } from './rotation.ts';

const DAY_MS = 86_400_000;
const CREATED = Date.parse('2026-01-01T00:00:00Z');

const entry: KeyEntry = {
  name: 'prod-auth-service',
  service: 'auth',
  owner: 'auth-team@acme.example',
  environment: 'production',
  role: 'POWER_USER',
  protected: false,
  rotateEveryMs: 90 * DAY_MS,
  remindMs: [14 * DAY_MS, 7 * DAY_MS, DAY_MS],
  graceMs: 7 * DAY_MS,
};

for (const [afterDays, state, reminderDays] of [
  [0, 'fresh', undefined],
  [75.9, 'fresh', undefined],
  [76, 'remind', 14],
  [83, 'remind', 7],
  [89.5, 'remind', 1],
  [90, 'due', undefined],
  [96.9, 'due', undefined],
  [97, 'past_grace', undefined],
] as const) {
  test(`a key of 90 days is ${state} after ${afterDays} days`, () => {
    const rotation = rotationState(entry, CREATED, CREATED + afterDays * DAY_MS);
    assert.equal(rotation.state, state);
    assert.equal(rotation.reminderMs, reminderDays && reminderDays * DAY_MS);
    assert.equal(rotation.dueAtMs, Date.parse('2026-04-01T00:00:00Z'));
    assert.equal(rotation.graceEndsAtMs, Date.parse('2026-04-08T00:00:00Z'));
  });
}

test('the sentence names the date and what is left', () => {
  const at = (days: number) => rotationState(entry, CREATED, CREATED + days * DAY_MS).sentence;
  assert.equal(at(83), 'prod-auth-service is due on 2026-04-01, in 7 days.');
  assert.equal(at(91), 'prod-auth-service is due since 2026-04-01; its grace ends in 6 days.');
  assert.equal(at(98), 'prod-auth-service was due on 2026-04-01 and its grace ended 1 day ago.');
});
