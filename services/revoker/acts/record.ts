import { recordAnswer } from '@bursar/db/enforcement/act';
import { lockGate } from '@bursar/db/enforcement/gate';
import { releaseControl } from '@bursar/db/enforcement/key-control';
import { insertAudit } from '@bursar/db/inbox/audit-pending';
import { insertFinding } from '@bursar/db/inbox/finding';
import { insertOutbox } from '@bursar/db/inbox/outbox';
import type { Connection, Pool } from '@bursar/db/pool';
import { inRetriedTransaction } from '@bursar/db/transaction';
import { fullJitter } from '@bursar/runtime/backoff';
import { tripBreaker } from './breaker.ts';
import type { Answer } from './carry-out.ts';
import type { Claim } from './claim.ts';

const BACKOFF = { baseMs: 250, capMs: 60_000 };
const LONGEST_WAIT_MS = 300_000;
/** So many attempts without success page somebody. */
const PAGE_AFTER_ATTEMPTS = 3;

/** Writes down what came of an attempt, gives the claim back, and tells people what they must know. */
export async function record(pool: Pool, claim: Claim, answer: Answer, random: () => number): Promise<void> {
  await inRetriedTransaction(pool, async (connection) => {
    // The gate comes first in the lock order, also where only a refusal needs it.
    if (answer.refusal !== undefined) {
      await lockGate(connection);
      await tripBreaker(connection, answer.refusal);
    }
    await recordAnswer(connection, claim.actId, answer);
    const { observed, foundOff } = answer;
    const outcome = { observed, foundOff, retryInMs: retryInMs(claim, answer, random) };
    const stillOurs = await releaseControl(connection, claim, outcome);
    await auditAnswer(connection, claim, answer);
    if (!stillOurs) return;
    if (answer.outcome === 'verified') await tellDone(connection, claim, answer);
    else if (claim.attempt >= PAGE_AFTER_ATTEMPTS && answer.refusal === undefined)
      await tellStuck(connection, claim, answer);
  });
}

/** Until the next attempt, if there is one: what Anthropic asked for, else full jitter. */
export function retryInMs(
  claim: Pick<Claim, 'attempt'>,
  answer: Pick<Answer, 'retryAfterMs'>,
  random: () => number,
): number {
  const waitMs = answer.retryAfterMs ?? fullJitter(claim.attempt, { ...BACKOFF, random });
  return Math.min(waitMs, LONGEST_WAIT_MS);
}

async function auditAnswer(connection: Connection, claim: Claim, answer: Answer): Promise<void> {
  const { outcome, httpStatus, requestId, readBackStatus, errorType } = answer;
  const reason =
    outcome === 'verified'
      ? `Anthropic says the key is ${readBackStatus}`
      : `not done: ${errorType ?? `the key is ${readBackStatus}`}`;
  const { actId, wanted, generation, attempt } = claim;
  const evidence = { actId, wanted, generation, attempt, httpStatus, requestId, readBackStatus, errorType };
  await insertAudit(connection, { action: `act.${outcome}`, target: `key/${claim.apiKeyId}`, reason, evidence });
}

async function tellDone(connection: Connection, claim: Claim, answer: Answer): Promise<void> {
  const { apiKeyId, wanted, generation } = claim;
  if (wanted === 'active' && answer.observed !== 'active') return tellLost(connection, claim, answer);
  const off = wanted === 'inactive';
  await insertOutbox(connection, {
    severity: off ? 'page' : 'info',
    kind: off ? 'key_suspended' : 'key_back',
    subject: apiKeyId,
    sentence: off
      ? `${claim.sentence} Anthropic says it is ${answer.observed} now.`
      : `The key ${apiKeyId} is back: nothing holds it any more, and Anthropic says it is active.`,
    detail: { actId: claim.actId },
    dedupKey: `key/${apiKeyId}/${generation}/done`,
  });
}

async function tellLost(connection: Connection, claim: Claim, answer: Answer): Promise<void> {
  const { apiKeyId, generation } = claim;
  const sentence = `The key ${apiKeyId} should be back, but it is ${answer.observed} and can't be switched on again.`;
  await insertFinding(connection, { kind: 'key_not_back', subject: apiKeyId, sentence });
  const dedupKey = `key/${apiKeyId}/${generation}/lost`;
  await insertOutbox(connection, { severity: 'page', kind: 'key_not_back', subject: apiKeyId, sentence, dedupKey });
}

async function tellStuck(connection: Connection, claim: Claim, answer: Answer): Promise<void> {
  const { apiKeyId, wanted, generation, attempt } = claim;
  const why =
    answer.errorMessage ?? `Anthropic answered ${answer.httpStatus} but says the key is ${answer.readBackStatus}`;
  const sentence = `The key ${apiKeyId} should be ${wanted} and is not after ${attempt} attempts: ${why}. It is tried again and again.`;
  const dedupKey = `key/${apiKeyId}/${generation}/stuck`;
  await insertOutbox(connection, { severity: 'page', kind: 'act_stuck', subject: apiKeyId, sentence, dedupKey });
}
