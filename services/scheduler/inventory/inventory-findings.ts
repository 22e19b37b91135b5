import type { ListedApiKey } from '@bursar/db/inventory/list-api-keys';
import type { KeyEntry, Policy } from '@bursar/policy/policy';

/** What may be wrong between policy and inventory. The subject is the entry's or key's name, or the key's id. */
export const INVENTORY_FINDINGS = [
  'policy_key_missing',
  'duplicate_key_name',
  'key_not_in_policy',
  'key_in_wrong_workspace',
  'unscoped_key',
] as const;

export type InventoryFinding = {
  kind: (typeof INVENTORY_FINDINGS)[number];
  subject: string;
  sentence: string;
  detail: Record<string, unknown>;
};

type PolicyKeys = Pick<Policy, 'keys' | 'environments'>;

/** Compares the keys that can be used, or could be again, with the policy in force, if there is one. */
export function inventoryFindings(policy: PolicyKeys | undefined, keys: readonly ListedApiKey[]): InventoryFinding[] {
  const unscoped = keys.filter((key) => key.status === 'active' && key.workspaceId === null).map(unscopedKey);
  if (policy === undefined) return unscoped;
  const byName = Map.groupBy(keys, (key) => key.name);
  const entryNames = new Set(policy.keys.map((entry) => entry.name));
  return [
    ...unscoped,
    ...policy.keys.filter((entry) => !byName.has(entry.name)).map(missing),
    ...[...byName.values()].filter((same) => same.length > 1).map(duplicateName),
    ...keys.filter((key) => key.status === 'active' && !entryNames.has(key.name)).map(notInPolicy),
    ...policy.keys.flatMap((entry) => wrongWorkspaces(entry, policy.environments, byName.get(entry.name) ?? [])),
  ];
}

function missing(entry: KeyEntry): InventoryFinding {
  return {
    kind: 'policy_key_missing',
    subject: entry.name,
    sentence: `The policy names the key ${entry.name}, but Anthropic lists no active or inactive key of that name.`,
    detail: { owner: entry.owner, service: entry.service },
  };
}

function duplicateName(same: readonly ListedApiKey[]): InventoryFinding {
  const name = same[0]!.name;
  return {
    kind: 'duplicate_key_name',
    subject: name,
    sentence: `${same.length} keys are named ${name}: what the policy says of that name binds none of them. Rename all but one.`,
    detail: { apiKeyIds: same.map((key) => key.apiKeyId) },
  };
}

function notInPolicy(key: ListedApiKey): InventoryFinding {
  return {
    kind: 'key_not_in_policy',
    subject: key.apiKeyId,
    sentence: `The key ${key.name} is active at Anthropic, and no entry of the policy names it.`,
    detail: { name: key.name, hint: key.hint, workspace: key.workspaceName },
  };
}

function wrongWorkspaces(
  entry: KeyEntry,
  environments: Policy['environments'],
  keys: readonly ListedApiKey[],
): InventoryFinding[] {
  const expected = environments[entry.environment] ?? [];
  return keys
    .filter((key) => key.workspaceId !== null && !expected.includes(key.workspaceName ?? ''))
    .map((key) => ({
      kind: 'key_in_wrong_workspace',
      subject: key.apiKeyId,
      sentence:
        `The key ${key.name} is in the workspace ${key.workspaceName ?? key.workspaceId}, but the policy puts it in ` +
        `${entry.environment} (${expected.join(', ') || 'no workspace'}).`,
      detail: { name: key.name, environment: entry.environment, expected, workspaceId: key.workspaceId },
    }));
}

function unscopedKey(key: ListedApiKey): InventoryFinding {
  return {
    kind: 'unscoped_key',
    subject: key.apiKeyId,
    sentence:
      `The key ${key.name} belongs to no workspace: it reaches the whole organization, and with an administrator's ` +
      'rights the Admin API too. Replace it by a key of a workspace.',
    detail: { name: key.name, hint: key.hint },
  };
}
