import { type Breach, markConsumed, nextBreach, reopenBoundBreaches } from '@bursar/db/enforcement/breach';
import { insertAudit } from '@bursar/db/inbox/audit-pending';
import { insertFinding } from '@bursar/db/inbox/finding';
import { insertOutbox } from '@bursar/db/inbox/outbox';
import type { Connection, Pool } from '@bursar/db/pool';
import { inRetriedTransaction } from '@bursar/db/transaction';
import type { Log } from '@bursar/runtime/log';
import type { RevokerMetrics } from '../metrics.ts';
import { type AdminApi, modeOf, type PolicyCache, type PolicyInForce } from '../policy-in-force.ts';
import { holdKeys } from './hold-keys.ts';
import { messageKey, usageSentence } from './sentences.ts';
import { NoTargetError } from './targets.ts';

export type ConsumerParts = {
  pool: Pool;
  policies: PolicyCache;
  adminApi: AdminApi;
  metrics: Pick<RevokerMetrics, 'breachesConsumed' | 'breachesFailed'>;
  log: Log;
  /** Told after each commit that left something to carry out. */
  onApproved: () => void;
};

/**
 * Consumes every waiting breach in order, each with its effect in one transaction.
 * One that fails is passed over so that it holds up nobody, stays for the next turn, and makes this turn reject at its end.
 */
export async function consumeBreaches(parts: ConsumerParts): Promise<void> {
  await reopenBoundBreaches(parts.pool);
  const failed: string[] = [];
  let firstError: unknown;
  for (;;) {
    let current: string | undefined;
    try {
      const outcome = await inRetriedTransaction(parts.pool, async (connection) => {
        const breach = await nextBreach(connection, failed);
        current = breach?.breachId;
        return breach === undefined ? undefined : { approved: await consume(connection, parts, breach) };
      });
      if (outcome === undefined) break;
      // Not before the commit: whoever is woken must find what it was woken for.
      if (outcome.approved) parts.onApproved();
    } catch (error) {
      if (current === undefined) throw error;
      parts.metrics.breachesFailed.inc();
      failed.push(current);
      firstError ??= error;
    }
  }
  if (firstError !== undefined) throw firstError;
}

/** True when a hold was approved. */
async function consume(connection: Connection, parts: ConsumerParts, breach: Breach): Promise<boolean> {
  // Before the first policy there is nothing that a breach could be measured by.
  if (breach.activeVersionId === null) throw new Error(`breach ${breach.breachId} came before any policy`);
  const policy = await parts.policies.at(connection, breach.activeVersionId);
  let approved = false;
  try {
    approved = await effect(connection, parts, breach, policy);
  } catch (error) {
    if (!(error instanceof NoTargetError)) throw error;
    parts.log.error({ breachId: breach.breachId, rule: breach.rule }, error.message);
    await tellNoTarget(connection, breach, error);
  }
  await markConsumed(connection, breach.breachId);
  if (breach.reopenedFor === null) parts.metrics.breachesConsumed.inc({ cause: breach.cause, kind: breach.kind });
  return approved;
}

/** True when a hold was approved. */
async function effect(
  connection: Connection,
  parts: ConsumerParts,
  breach: Breach,
  policy: PolicyInForce,
): Promise<boolean> {
  if (breach.kind === 'warning') {
    await tell(connection, breach, 'warning');
    return false;
  }
  if (breach.cause === 'limit') {
    if (breach.activeLimit === null || (breach.kind === 'limit' && !breach.activeLimit.reached)) {
      if (breach.reopenedFor === null) await passOver(connection, breach);
      return false;
    }
    if (breach.activeLimit.onBreach === 'alert') {
      await tell(connection, breach, 'page');
      return false;
    }
  }
  return holdKeys(connection, { breach, policy, mode: modeOf(policy.policy, parts.adminApi) });
}

async function tell(connection: Connection, breach: Breach, severity: 'warning' | 'page'): Promise<void> {
  await insertOutbox(connection, {
    severity,
    kind: breach.cause === 'rotation' ? 'rotation_reminder' : severity === 'page' ? 'limit_reached' : 'limit_warning',
    subject: breach.rule,
    sentence: breach.cause === 'rotation' ? reminder(breach) : `${usageSentence(breach)}.`,
    detail: { ...breach },
    dedupKey: messageKey(breach),
  });
}

function reminder(breach: Breach): string {
  const date = breach.windowStart.toISOString().slice(0, 10);
  const left = breach.percent > 0 ? `in ${breach.percent} ${breach.percent === 1 ? 'day' : 'days'}` : 'now';
  return `The key ${breach.subject} is due for rotation ${left}, on ${date}.`;
}

async function passOver(connection: Connection, breach: Breach): Promise<void> {
  const reason =
    breach.activeLimit === null
      ? 'the active policy has no such limit any more'
      : 'the limit of the active policy is above what was used';
  await insertAudit(connection, { action: 'breach.passed_over', target: `breach/${breach.breachId}`, reason });
}

async function tellNoTarget(connection: Connection, breach: Breach, error: NoTargetError): Promise<void> {
  const sentence = `${usageSentence(breach)}, but no key can be held for it: ${error.message}.`;
  const subject = `${breach.rule}/${breach.subject}`;
  await insertFinding(connection, {
    kind: 'breach_without_key',
    subject,
    sentence,
    detail: { breachId: breach.breachId },
  });
  const dedupKey = `${messageKey(breach)}/no-target`;
  await insertOutbox(connection, { severity: 'page', kind: 'breach_without_key', subject, sentence, dedupKey });
}
