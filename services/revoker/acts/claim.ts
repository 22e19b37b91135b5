import { insertAct, lastAct } from '@bursar/db/enforcement/act';
import { type ApprovedHold, approvedHolds, nextApprovedKey } from '@bursar/db/enforcement/approved-hold';
import { type Gate, markBacklogActed } from '@bursar/db/enforcement/gate';
import { endHold, type HoldCause, holdsInForce, putInForce } from '@bursar/db/enforcement/hold';
import {
  changeWanted,
  type KeyControl,
  leaseControl,
  lockKeyControl,
  nextDueControl,
  type Wanted,
} from '@bursar/db/enforcement/key-control';
import { insertAudit } from '@bursar/db/inbox/audit-pending';
import type { Connection, Pool } from '@bursar/db/pool';
import { inRetriedTransaction } from '@bursar/db/transaction';
import { type AdminApi, modeOf, type PolicyCache, whyAutoRefused } from '../policy-in-force.ts';
import { capsFull, tellBacklog, tellCapFull } from './caps.ts';
import { type LocalPause, passGate } from './gatekeeper.ts';
import { whyItFell } from './still-stands.ts';

/** The right to make one attempt at one key, written down before it is made. */
export type Claim = {
  actId: string;
  apiKeyId: string;
  owner: string;
  wanted: Wanted;
  generation: string;
  /** From 1, per decision. */
  attempt: number;
  /** Something may have reached Anthropic before: look before doing it again. */
  askFirst: boolean;
  cause: HoldCause;
  /** Why the key must be off; empty for a resume. */
  sentence: string;
  /** When the breach behind a first attempt was committed. */
  breachRecordedAt: Date | null;
};

export type ClaimOutcome =
  | { kind: 'claimed'; claim: Claim }
  /** Something was decided that needs no call; there may be more. */
  | { kind: 'settled' }
  | { kind: 'shut'; because: string }
  | { kind: 'idle' };

export type ClaimParts = {
  pool: Pool;
  policies: PolicyCache;
  adminApi: AdminApi;
  localPause: LocalPause;
  owner: string;
  leaseMs: number;
};

/**
 * Decides, in one transaction that holds the gate, what is done next, and writes the attempt down. The lock order is
 * gate, key_control, hold. Holds that were approved come first; then keys that did not follow yet.
 */
export async function claimNext(parts: ClaimParts): Promise<ClaimOutcome> {
  return inRetriedTransaction(parts.pool, async (connection) => {
    const { gate, shut } = await passGate(connection, parts.localPause);
    if (shut !== undefined) return { kind: 'shut', because: shut };
    const refused = whyAutoRefused(parts.adminApi);
    if (refused !== undefined) return { kind: 'shut', because: refused };
    if (gate.activeVersionId === null) return { kind: 'idle' };
    return (await claimApproved(connection, parts, gate)) ?? (await claimDue(connection, parts));
  });
}

async function claimApproved(connection: Connection, parts: ClaimParts, gate: Gate): Promise<ClaimOutcome | undefined> {
  const { policy } = await parts.policies.at(connection, gate.activeVersionId!);
  const backlog = { backlogBefore: gate.backlogBefore, backlogMayAct: !gate.backlogActed };
  let next = await nextApprovedKey(connection, { ...backlog, onlyAlreadyOff: false });
  if (next === undefined) {
    if (gate.backlogActed) await tellBacklog(connection, gate);
    return undefined;
  }
  if (!next.alreadyOff) {
    const full = await capsFull(connection, policy.enforcement.caps);
    if (full !== undefined) {
      await tellCapFull(connection, full);
      next = await nextApprovedKey(connection, { ...backlog, onlyAlreadyOff: true });
      if (next === undefined) return undefined;
    }
  }
  const control = await lockKeyControl(connection, next.apiKeyId);
  if (control === undefined) return undefined;
  const mode = modeOf(policy, parts.adminApi);
  const standing: ApprovedHold[] = [];
  for (const hold of await approvedHolds(connection, next.apiKeyId)) {
    const fell = whyItFell(hold, policy, mode, Date.now());
    if (fell === undefined) standing.push(hold);
    else await supersede(connection, hold, fell);
  }
  if (standing.length === 0) return { kind: 'settled' };
  await putHoldsInForce(connection, standing);
  if (control.wanted === 'inactive') return { kind: 'settled' };
  if (next.backlog) await markBacklogActed(connection);
  const generation = await changeWanted(connection, next.apiKeyId, 'inactive');
  return attempt(connection, parts, { ...control, wanted: 'inactive', generation }, standing);
}

/** A key that did not follow yet, or whose last attempt has no answer. */
async function claimDue(connection: Connection, parts: ClaimParts): Promise<ClaimOutcome> {
  const control = await nextDueControl(connection);
  return control === undefined ? { kind: 'idle' } : attempt(connection, parts, control, []);
}

async function attempt(
  connection: Connection,
  parts: ClaimParts,
  control: KeyControl,
  approved: readonly ApprovedHold[],
): Promise<ClaimOutcome> {
  const { apiKeyId, wanted, generation } = control;
  const held = await holdsInForce(connection, apiKeyId);
  const last = held.length === 0 ? await lastAct(connection, apiKeyId) : undefined;
  const cause = held[0]?.cause ?? last?.cause ?? 'manual';
  const holdIds = held.length > 0 ? held.map((hold) => hold.holdId) : (last?.holdIds ?? []);
  const number = await leaseControl(connection, apiKeyId, { owner: parts.owner, ms: parts.leaseMs });
  const actId = await insertAct(connection, { apiKeyId, cause, holdIds, wanted, generation });
  const sentence = held[0]?.sentence ?? '';
  const reason = sentence || 'no hold is in force any more';
  const evidence = { wanted, generation, attempt: number, holdIds };
  await insertAudit(connection, { action: 'act.requested', target: `key/${apiKeyId}`, reason, evidence });
  // The inventory may be behind our own acts, so what we know of them counts for more.
  const seemsOff = control.observed !== 'inactive' && approved.some((hold) => hold.keyStatus === 'inactive');
  const askFirst = number > 1 || seemsOff || (approved.length === 0 && control.observed === 'unknown');
  const breachRecordedAt = approved[0]?.breachRecordedAt ?? null;
  const claim = { actId, apiKeyId, owner: parts.owner, wanted, generation, attempt: number, askFirst, cause, sentence };
  return { kind: 'claimed', claim: { ...claim, breachRecordedAt } };
}

async function supersede(connection: Connection, hold: ApprovedHold, because: string): Promise<void> {
  await endHold(connection, hold.holdId, 'superseded', because);
  await insertAudit(connection, { action: 'hold.superseded', target: `hold/${hold.holdId}`, reason: because });
}

async function putHoldsInForce(connection: Connection, holds: readonly ApprovedHold[]): Promise<void> {
  await putInForce(
    connection,
    holds.map((hold) => hold.holdId),
  );
  for (const hold of holds) {
    await insertAudit(connection, { action: 'hold.in_force', target: `hold/${hold.holdId}`, reason: hold.sentence });
  }
}
