import { endHold, holdsInForce } from '@bursar/db/enforcement/hold';
import { changeWanted, lockKeyControl } from '@bursar/db/enforcement/key-control';
import {
  type EndedHold,
  endedLimitHolds,
  rotationHoldsInForce,
  supersedeFallenProposals,
} from '@bursar/db/enforcement/release';
import { insertAudit } from '@bursar/db/inbox/audit-pending';
import type { Pool, Queryable } from '@bursar/db/pool';
import { inRetriedTransaction, inTransaction } from '@bursar/db/transaction';
import type { Policy } from '@bursar/policy/policy';
import { type LocalPause, passGate } from '../acts/gatekeeper.ts';
import { whyNotDue } from '../acts/still-stands.ts';
import { type AdminApi, entryNamed, type PolicyCache } from '../policy-in-force.ts';

export type ReleaseParts = {
  pool: Pool;
  policies: PolicyCache;
  adminApi: AdminApi;
  localPause: LocalPause;
  /** Told after each commit that lets a key come back. */
  onReleased: () => void;
};

/** Ends every hold in force whose reason is gone, and wants a key back when nothing else holds it. */
export async function releaseHolds(parts: ReleaseParts): Promise<void> {
  await endFallenProposals(parts.pool);
  const policy = await activePolicy(parts.pool, parts.policies);
  if (policy === undefined || parts.adminApi === 'anthropic') return;
  const ended = await endedHolds(parts.pool, policy, null);
  for (const apiKeyId of new Set(ended.map((hold) => hold.apiKeyId))) {
    if (await releaseKey(parts, apiKeyId)) parts.onReleased();
  }
}

/** A proposal whose limit was raised or whose window is over can do nothing any more, whoever approves it. */
async function endFallenProposals(pool: Pool): Promise<void> {
  await inTransaction(pool, async (connection) => {
    for (const { holdId, because } of await supersedeFallenProposals(connection)) {
      await insertAudit(connection, { action: 'hold.superseded', target: `hold/${holdId}`, reason: because });
    }
  });
}

/** Looks again under the locks, so that what is released is what is true when it commits. True when the key comes back. */
async function releaseKey({ pool, policies, localPause }: ReleaseParts, apiKeyId: string): Promise<boolean> {
  return inRetriedTransaction(pool, async (connection) => {
    const { gate, shut } = await passGate(connection, localPause);
    if (shut !== undefined || gate.activeVersionId === null) return false;
    const control = await lockKeyControl(connection, apiKeyId);
    if (control === undefined) return false;
    const { policy } = await policies.at(connection, gate.activeVersionId);
    for (const hold of await endedHolds(connection, policy, apiKeyId)) {
      await endHold(connection, hold.holdId, 'released', hold.because);
      await insertAudit(connection, { action: 'hold.released', target: `hold/${hold.holdId}`, reason: hold.because });
    }
    if (control.wanted === 'active' || (await holdsInForce(connection, apiKeyId)).length > 0) return false;
    await changeWanted(connection, apiKeyId, 'active');
    return true;
  });
}

async function endedHolds(db: Queryable, policy: Policy, apiKeyId: string | null): Promise<EndedHold[]> {
  const limits = await endedLimitHolds(db, apiKeyId);
  const rotations = (await rotationHoldsInForce(db, apiKeyId)).flatMap((hold) => {
    const because = whyNotDue(hold, entryNamed(policy, hold.keyName), Date.now());
    return because === undefined ? [] : [{ holdId: hold.holdId, apiKeyId: hold.apiKeyId, because }];
  });
  return [...limits, ...rotations];
}

async function activePolicy(pool: Pool, policies: PolicyCache): Promise<Policy | undefined> {
  const versionId = await policies.activeVersion(pool);
  return versionId === null ? undefined : (await policies.at(pool, versionId)).policy;
}
