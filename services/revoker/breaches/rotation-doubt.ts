import { hasRecentTraffic, type KeyTarget, successorSeen } from '@bursar/db/enforcement/key-target';
import type { Queryable } from '@bursar/db/pool';
import type { KeyEntry } from '@bursar/policy/policy';

const PRODUCTION = 'production';

/**
 * Why a person must decide about a key past its rotation date: it serves production, still carries traffic, and no other
 * key of its service does. A production key that nothing is bound to may carry traffic that we can't see.
 */
export async function rotationDoubt(
  db: Queryable,
  target: KeyTarget,
  entry: KeyEntry | undefined,
): Promise<string | undefined> {
  if (entry?.environment !== PRODUCTION || target.apiKeyId === null) return undefined;
  if (target.keyRef === null) return 'it is a production key whose traffic is not metered';
  if (!(await hasRecentTraffic(db, target.keyRef))) return undefined;
  if (await successorSeen(db, entry.service, target.apiKeyId)) return undefined;
  return `it still carries production traffic and no other active key of ${entry.service} does`;
}
