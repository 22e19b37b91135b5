import { createHash } from 'node:crypto';
import type { Emulator } from '@bursar/anthropic-emulator/emulator';

/** A metered key as the generator and the oracle know it: never the secret. */
export type SoakKey = {
  readonly name: string;
  readonly sha256: string;
  readonly hint: string;
  readonly service: string;
  readonly role: string;
  readonly workspace: string;
  readonly workspaceId: string;
  /** How much of the traffic is this key's, in proportion to the others. */
  readonly weight: number;
};

export const SERVICES = ['search', 'importer', 'mail', 'labs', 'chat', 'auth'];
export const ROLES = ['USER', 'POWER_USER', 'ADMIN'];
export const WORKSPACES = ['Production', 'Staging', 'Development'];
const KEYS = 60;
const SKEW = 0.8;

/** Where the keys of the company stand, by number; the first are used most. */
export type KeyPlace = Pick<SoakKey, 'name' | 'service' | 'role' | 'workspace' | 'weight'>;

/** Numbers 1 to 60 exist from the beginning; later ones are made while the soak runs. */
export function keyPlace(number: number): KeyPlace {
  return {
    name: `soak-${String(number).padStart(2, '0')}`,
    service: SERVICES[number % SERVICES.length]!,
    role: ROLES[Math.floor(number / 2) % ROLES.length]!,
    workspace: WORKSPACES[Math.floor(number / 3) % WORKSPACES.length]!,
    weight: 1 / Math.min(number, KEYS) ** SKEW,
  };
}

export const FIRST_KEYS: readonly KeyPlace[] = Array.from({ length: KEYS }, (_, index) => keyPlace(index + 1));

/** The key of that place as the emulated organization has it. */
export function soakKey(emulator: Emulator, place: KeyPlace): SoakKey {
  const secret = emulator.secretOf(place.name);
  const { partial_key_hint: hint, scope } = emulator.apiKey(place.name);
  if (hint === null || scope.type !== 'workspace') throw new Error(`${place.name} has no hint or no workspace`);
  return { ...place, sha256: createHash('sha256').update(secret).digest('hex'), hint, workspaceId: scope.workspace_id };
}
