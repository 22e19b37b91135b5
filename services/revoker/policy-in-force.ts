import { loadActivePolicy } from '@bursar/db/configuration/active-policy';
import { readGate } from '@bursar/db/enforcement/gate';
import type { Queryable } from '@bursar/db/pool';
import type { KeyEntry, Policy } from '@bursar/policy/policy';
import { policyFromJson } from '@bursar/policy/policy-json';

/** The policy that decisions are made by, with the names under which they quote it. */
export type PolicyInForce = { versionId: number; contentHash: string; policy: Policy };

/** Whose Admin API is at the other end. */
export type AdminApi = 'anthropic' | 'emulator';

/** Whether holds are carried out without a person, and why not. */
export type Mode = { auto: true } | { auto: false; because: string };

/** Why no policy makes a revoker act by itself, or undefined when auto means auto. */
export function whyAutoRefused(adminApi: AdminApi): string | undefined {
  return adminApi === 'anthropic' ? 'automatic suspension is not yet allowed against the real API' : undefined;
}

export function modeOf(policy: Policy, adminApi: AdminApi): Mode {
  if (policy.enforcement.mode === 'observe') return { auto: false, because: 'the policy only observes' };
  const refused = whyAutoRefused(adminApi);
  return refused === undefined ? { auto: true } : { auto: false, because: `the policy says auto, but ${refused}` };
}

export function entryNamed(policy: Policy, name: string | null): KeyEntry | undefined {
  return policy.keys.find((entry) => entry.name === name);
}

/** Remembers the policy in force: reading it again costs a decision most of its time. */
export class PolicyCache {
  #known: PolicyInForce | undefined;

  /** null before the first policy. */
  async activeVersion(db: Queryable): Promise<number | null> {
    return (await readGate(db)).activeVersionId;
  }

  /** The version that the caller's transaction found active. */
  async at(db: Queryable, versionId: number): Promise<PolicyInForce> {
    if (this.#known?.versionId === versionId) return this.#known;
    const active = await loadActivePolicy(db);
    if (active === undefined) throw new Error(`policy version ${versionId} is active but can't be read`);
    const { contentHash, policyJson } = active;
    this.#known = { versionId: active.versionId, contentHash, policy: policyFromJson(policyJson) };
    return this.#known;
  }
}
