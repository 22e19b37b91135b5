import type { APIKey } from '@anthropic-ai/sdk/resources/organization/api-keys';
import { timestamp } from '../clock.ts';
import { type Identities, partialKeyHint } from '../identity.ts';
import { emptyTally } from '../messages/usage-tally.ts';
import { type ApiKeySeed, EmulatorSeedError } from '../seed.ts';
import type { KeyRecord, OrganizationState } from './organization-state.ts';

/** Makes a key as the Console does (the API cannot). Names need not be unique. Throws `EmulatorSeedError`. */
export function createKey(
  state: OrganizationState,
  seed: ApiKeySeed,
  identities: Identities,
  nowMs: number,
): KeyRecord {
  const sameName = [...state.keys.values()].filter((record) => record.key.name === seed.name).length;
  const identity = sameName === 0 ? seed.name : `${seed.name}\0${sameName + 1}`;
  const secret = identities.secret('sk-ant-api03-', identity);
  const key: APIKey = {
    id: identities.id('apikey', identity),
    created_at: seed.createdAt ?? timestamp(nowMs),
    created_by: seed.createdBy === undefined ? null : { id: userId(state, seed, seed.createdBy), type: 'user' },
    expires_at: seed.expiresAt ?? null,
    name: seed.name,
    partial_key_hint: partialKeyHint(secret),
    principal:
      seed.principal === undefined ? null : { type: 'user_actor', user_id: userId(state, seed, seed.principal) },
    scope: scopeOf(state, seed),
    status: seed.status ?? 'active',
    type: 'api_key',
  };
  const record: KeyRecord = { key, secret, refusedFromMs: 0, tally: emptyTally() };
  state.keys.set(key.id, record);
  state.keysBySecret.set(secret, record);
  return record;
}

function scopeOf(state: OrganizationState, seed: ApiKeySeed): APIKey['scope'] {
  if (seed.workspace === null) {
    if (seed.principal === undefined) {
      throw new EmulatorSeedError(`Key "${seed.name}" has neither a workspace nor a principal: give one of them.`);
    }
    return { type: 'organization' };
  }
  for (const { workspace } of state.workspaces.values()) {
    if (workspace.name === seed.workspace) return { type: 'workspace', workspace_id: workspace.id };
  }
  throw new EmulatorSeedError(`Key "${seed.name}" belongs to the workspace "${seed.workspace}", which does not exist.`);
}

function userId(state: OrganizationState, seed: ApiKeySeed, email: string): string {
  for (const user of state.users.values()) if (user.email === email) return user.id;
  throw new EmulatorSeedError(`Key "${seed.name}" names ${email}, who is not among the users.`);
}
