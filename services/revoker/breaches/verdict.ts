import type { KeyTarget } from '@bursar/db/enforcement/key-target';
import type { KeyEntry } from '@bursar/policy/policy';
import type { Mode } from '../policy-in-force.ts';

/** What becomes of one key that a breach reaches. */
export type Verdict =
  | { kind: 'approve' }
  | { kind: 'propose'; because: string }
  /** There is nothing left to switch off. */
  | { kind: 'supersede'; because: string }
  /** No hold at all: a person must look. */
  | { kind: 'refuse'; finding: 'unbound_key' | 'protected_key'; because: string };

export type Circumstances = {
  target: KeyTarget;
  /** What the policy says about the key of that name. */
  entry: KeyEntry | undefined;
  mode: Mode;
  /** Why a person must decide whatever the mode says. */
  doubt: string | undefined;
};

/** Decides what may be done about a key, most careful rule first. */
export function verdictOn({ target, entry, mode, doubt }: Circumstances): Verdict {
  if (target.apiKeyId === null) {
    const because = 'no key of the inventory is bound to it, so there is nothing that could be switched off';
    return { kind: 'refuse', finding: 'unbound_key', because };
  }
  if (entry?.protected) {
    return { kind: 'refuse', finding: 'protected_key', because: 'the policy protects it, so it stays on' };
  }
  const gone = whyGone(target);
  if (gone !== undefined) return { kind: 'supersede', because: gone };
  if (doubt !== undefined) return { kind: 'propose', because: doubt };
  if (target.basis === 'unique_hint' && entry === undefined) {
    return { kind: 'propose', because: 'it is known by its hint alone and the policy does not name it' };
  }
  return mode.auto ? { kind: 'approve' } : { kind: 'propose', because: mode.because };
}

/** Why a key can't be switched off any more, or undefined when it can. */
export function whyGone(target: Pick<KeyTarget, 'status' | 'goneAt'>): string | undefined {
  if (target.status === null) return 'the inventory does not know the key';
  if (target.goneAt !== null) return 'the key is gone from the inventory';
  if (target.status === 'archived' || target.status === 'expired') return `the key is ${target.status} already`;
  return undefined;
}
