import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ListedApiKey } from '@bursar/db/inventory/list-api-keys';
import type { KeyEntry } from '@bursar/policy/policy';
import { inventoryFindings } from './inventory-findings.ts';

const ENVIRONMENTS = { production: ['Production', 'Payments'], staging: ['Staging'] };

function entry(name: string, environment = 'production'): KeyEntry {
  const rotation = { rotateEveryMs: 1, remindMs: [], graceMs: 1 };
  return { name, service: 's', owner: 'o@acme.example', environment, role: 'USER', protected: false, ...rotation };
}

function key(name: string, parts: Partial<ListedApiKey> = {}): ListedApiKey {
  const workspace = { workspaceId: 'w1', workspaceName: 'Production' };
  return {
    apiKeyId: `id of ${name}`,
    name,
    status: 'active',
    hint: null,
    createdAt: new Date(0),
    held: false,
    ...workspace,
    ...parts,
  };
}

function found(entries: KeyEntry[] | undefined, keys: ListedApiKey[]): string[] {
  const policy = entries && { keys: entries, environments: ENVIRONMENTS };
  return inventoryFindings(policy, keys).map(({ kind, subject }) => `${kind}: ${subject}`);
}

test('a policy and an inventory that agree have no findings', () => {
  assert.deepEqual(found([entry('a'), entry('b')], [key('a'), key('b', { workspaceName: 'Payments' })]), []);
});

test('a suspended key is still the one that the policy names', () => {
  assert.deepEqual(found([entry('a')], [key('a', { status: 'inactive' })]), []);
});

test('each contradiction is one finding', () => {
  const { workspaceId, workspaceName } = { workspaceId: null, workspaceName: null };
  assert.deepEqual(found([entry('missing')], []), ['policy_key_missing: missing']);
  assert.deepEqual(found([entry('a')], [key('a'), key('a', { apiKeyId: 'second' })]), ['duplicate_key_name: a']);
  assert.deepEqual(found([], [key('a')]), ['key_not_in_policy: id of a']);
  assert.deepEqual(found([entry('a', 'staging')], [key('a')]), ['key_in_wrong_workspace: id of a']);
  assert.deepEqual(found([entry('a')], [key('a', { workspaceId, workspaceName })]), ['unscoped_key: id of a']);
});

test('without a policy only what is wrong by itself is found', () => {
  assert.deepEqual(found(undefined, [key('a'), key('a', { apiKeyId: 'b' })]), []);
  assert.deepEqual(found(undefined, [key('a', { workspaceId: null })]), ['unscoped_key: id of a']);
});
