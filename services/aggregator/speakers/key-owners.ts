import type { OwnedKey } from '@bursar/db/configuration/key-owners';

export type KeyOwners = {
  /** A service that owns this key while `service` does not; undefined when nobody is known to, or `service` may. */
  otherOwnerOf(key: { sha256: string; hint: string }, service: string): string | undefined;
};

export const NO_OWNERS: KeyOwners = { otherOwnerOf: () => undefined };

/**
 * Whose a metered key is: of the service whose listed key it is bound to, else of the one whose listed key has its hint.
 * A service with an unbound key of that hint may always speak: a hash that another has claimed first must not silence it.
 */
export function ownersOf(keys: readonly OwnedKey[]): KeyOwners {
  const byHash = new Map<string, Set<string>>();
  const byHint = new Map<string, Set<string>>();
  const unboundByHint = new Map<string, Set<string>>();
  for (const { hint, service, boundSha256 } of keys) {
    add(byHint, hint, service);
    if (boundSha256 === null) add(unboundByHint, hint, service);
    else add(byHash, boundSha256, service);
  }
  return {
    otherOwnerOf({ sha256, hint }, service) {
      const owners = byHash.get(sha256) ?? byHint.get(hint);
      if (owners === undefined || owners.has(service) || unboundByHint.get(hint)?.has(service)) return undefined;
      return owners.values().next().value;
    },
  };
}

function add(index: Map<string, Set<string>>, name: string, service: string): void {
  const services = index.get(name) ?? new Set();
  index.set(name, services.add(service));
}
