import type Anthropic from '@anthropic-ai/sdk';
import { checkOrganization } from '@bursar/admin-api/organization';
import { closeBreaker, lockGate, openBreaker, readGate } from '@bursar/db/enforcement/gate';
import { insertAudit } from '@bursar/db/inbox/audit-pending';
import { openIncident, resolveIncident } from '@bursar/db/inbox/incident';
import { insertOutbox } from '@bursar/db/inbox/outbox';
import type { Connection, Pool } from '@bursar/db/pool';
import { inTransaction } from '@bursar/db/transaction';
import { describeError } from '@bursar/runtime/describe-error';
import type { LocalPause } from './gatekeeper.ts';
import { whyShut } from './gatekeeper.ts';

const GATE = 'enforcement';
const REFUSED = 'enforcement_off';
const WHAT_TO_DO =
  'Make an admin key in the Claude Console and put it where the revoker reads its own (ANTHROPIC_ADMIN_KEY_FILE; one ' +
  'given as ANTHROPIC_ADMIN_KEY needs a restart). Enforcement is on again seconds after it works.';

/** Shuts the gate because our own credential is refused, and opens an incident, which pages. The caller has locked the gate. */
export async function tripBreaker(connection: Connection, reason: string): Promise<void> {
  if (!(await openBreaker(connection, reason))) return;
  await insertAudit(connection, { action: 'enforcement.breaker_opened', target: GATE, reason });
  const sentence = `Enforcement is OFF: no key can be switched off or on. ${reason} ${WHAT_TO_DO}`;
  await openIncident(connection, { kind: REFUSED, subject: GATE, sentence });
}

/** Trips the breaker from outside an act. */
export async function tripBreakerNow(pool: Pool, reason: string): Promise<void> {
  await inTransaction(pool, async (connection) => {
    await lockGate(connection);
    await tripBreaker(connection, reason);
  });
}

export type GateWatchParts = {
  pool: Pool;
  client: Anthropic;
  localPause: LocalPause;
  /** Told what keeps the gate shut now, and whether that is the breaker. */
  onState: (state: { shut: string | undefined; breaker: string | undefined }) => void;
};

/** Looks at the gate, and while the breaker is open asks Anthropic whether the credential works again. */
export async function watchGate({ pool, client, localPause, onState }: GateWatchParts): Promise<void> {
  const gate = await readGate(pool);
  const breaker =
    gate.breakerOpenSince === null ? undefined : (gate.breakerReason ?? 'our admin credential is refused');
  onState({ shut: whyShut(gate, localPause), breaker });
  if (breaker === undefined) return;
  const stillNo = await checkOrganization(client).then(() => undefined, describeError);
  if (stillNo !== undefined) return;
  await inTransaction(pool, async (connection) => {
    await lockGate(connection);
    if (!(await closeBreaker(connection))) return;
    const sentence = 'Our admin credential works again: enforcement is on.';
    await insertAudit(connection, { action: 'enforcement.breaker_closed', target: GATE, reason: sentence });
    await resolveIncident(connection, REFUSED, GATE, sentence);
    const dedupKey = `breaker/${gate.breakerOpenSince?.toISOString()}/closed`;
    await insertOutbox(connection, { severity: 'warning', kind: 'enforcement_on', subject: GATE, sentence, dedupKey });
  });
  onState({ shut: undefined, breaker: undefined });
}
