import { type Breach, type KafkaPosition, kafkaPositions } from '@bursar/db/enforcement/breach';
import { approveHold, endHold, heldLately, proposeHold } from '@bursar/db/enforcement/hold';
import type { KeyTarget } from '@bursar/db/enforcement/key-target';
import { insertAudit } from '@bursar/db/inbox/audit-pending';
import { insertFinding } from '@bursar/db/inbox/finding';
import { insertOutbox } from '@bursar/db/inbox/outbox';
import type { Connection } from '@bursar/db/pool';
import { entryNamed, type Mode, type PolicyInForce } from '../policy-in-force.ts';
import { rotationDoubt } from './rotation-doubt.ts';
import { keyCalled, messageKey, reachSentence, usageSentence } from './sentences.ts';
import { targetsOf } from './targets.ts';
import { type Verdict, verdictOn } from './verdict.ts';

export type Case = { breach: Breach; policy: PolicyInForce; mode: Mode };

/** Writes one hold, or a finding, for each key that a breach reaches. True when one of them was approved. */
export async function holdKeys(connection: Connection, { breach, policy, mode }: Case): Promise<boolean> {
  const targets = await targetsOf(connection, breach);
  const positions = await kafkaPositions(connection);
  let approved = false;
  for (const target of targets) {
    const entry = entryNamed(policy.policy, target.name);
    const doubt = await doubtOf(connection, breach, target, policy);
    const verdict = verdictOn({ target, entry, mode, doubt });
    const sentence = holdSentence(breach, target);
    if (verdict.kind === 'refuse') await refuse(connection, breach, target, verdict, sentence);
    else await hold(connection, breach, target, verdict, sentence, evidenceOf(breach, target, policy, positions));
    approved ||= verdict.kind === 'approve';
  }
  return approved;
}

async function doubtOf(
  connection: Connection,
  breach: Breach,
  target: KeyTarget,
  { policy }: PolicyInForce,
): Promise<string | undefined> {
  if (breach.cause === 'rotation') return rotationDoubt(connection, target, entryNamed(policy, target.name));
  return breach.kind === 'provisional' ? 'only cost whose price is not certain carries it over the limit' : undefined;
}

function holdSentence(breach: Breach, target: KeyTarget): string {
  if (breach.cause === 'limit') {
    return `${usageSentence(breach)}: ${keyCalled(target)} must be off${reachSentence(breach.measure!)}.`;
  }
  return `${keyCalled(target)} was due for rotation on ${breach.windowStart.toISOString().slice(0, 10)} and its grace is over: it must be off.`;
}

async function hold(
  connection: Connection,
  breach: Breach,
  target: KeyTarget,
  verdict: Exclude<Verdict, { kind: 'refuse' }>,
  sentence: string,
  evidence: Record<string, unknown>,
): Promise<void> {
  const apiKeyId = target.apiKeyId!;
  const { cause, rule, subject, windowStart, windowEnd, generation, breachId } = breach;
  const proposal = { cause, rule, subject, apiKeyId, windowStart, windowEnd, generation, breachId, sentence, evidence };
  // A rate that stands breaks its limit anew each minute; that is one reason, not sixty.
  if (breach.measure?.period === 'sliding_minute' && (await heldLately(connection, proposal))) return;
  const holdId = await proposeHold(connection, proposal);
  // Decided about before: what was decided then stands.
  if (holdId === undefined) return;
  const name = `hold/${holdId}`;
  await insertAudit(connection, { action: 'hold.proposed', target: name, reason: sentence, evidence });
  if (verdict.kind === 'supersede') {
    await endHold(connection, holdId, 'superseded', verdict.because);
    await insertAudit(connection, { action: 'hold.superseded', target: name, reason: verdict.because });
  } else if (verdict.kind === 'approve') {
    await approveHold(connection, holdId);
    const reason = 'the policy carries out what it decides';
    await insertAudit(connection, {
      action: 'hold.approved',
      target: name,
      reason,
      evidence: { policy: evidence.policy },
    });
  } else {
    await insertOutbox(connection, {
      severity: 'page',
      kind: 'hold_proposed',
      subject: apiKeyId,
      sentence: `${sentence} It waits for a person, because ${verdict.because}.`,
      detail: { holdId, breachId },
      dedupKey: `hold/${holdId}/proposed/${breachId}`,
    });
  }
}

async function refuse(
  connection: Connection,
  breach: Breach,
  target: KeyTarget,
  verdict: Extract<Verdict, { kind: 'refuse' }>,
  reason: string,
): Promise<void> {
  const subject = target.apiKeyId ?? claimedKey(target) ?? breach.subject;
  const sentence = `${reason} It stays on: ${verdict.because}.`;
  const detail = { breachId: breach.breachId, rule: breach.rule, keyRef: target.keyRef };
  await insertFinding(connection, { kind: verdict.finding, subject, sentence, detail });
  const dedupKey = `${messageKey(breach)}/${subject}/${verdict.finding}`;
  await insertOutbox(connection, { severity: 'page', kind: verdict.finding, subject, sentence, detail, dedupKey });
  await insertAudit(connection, {
    action: 'hold.refused',
    target: `key/${subject}`,
    reason: sentence,
    evidence: detail,
  });
}

/** Two services may claim one key: each claim is told of by itself. */
function claimedKey({ sha256, vouchedBy }: KeyTarget): string | null {
  return sha256 && vouchedBy ? `${sha256}/${vouchedBy}` : sha256;
}

/** What the decision rests on, so that it can be defended without the ledger. */
function evidenceOf(
  breach: Breach,
  target: KeyTarget,
  policy: PolicyInForce,
  kafka: readonly KafkaPosition[],
): Record<string, unknown> {
  const { breachId, source, kind, percent, amount, total, provisional, recordedAt } = breach;
  return {
    breach: { breachId, source, kind, percent, recordedAt },
    sums: { total, provisional, limit: breach.activeLimit?.amount ?? amount },
    measure: breach.measure,
    window: { start: breach.windowStart, end: breach.windowEnd },
    policy: { versionId: policy.versionId, contentHash: policy.contentHash, breachVersionId: breach.policyVersionId },
    kafka,
    binding: {
      keyRef: target.keyRef,
      sha256: target.sha256,
      basis: target.basis,
      apiKeyId: target.apiKeyId,
      name: target.name,
    },
  };
}
