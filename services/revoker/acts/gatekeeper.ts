import { type Command, pendingCommands } from '@bursar/db/enforcement/command';
import { type Gate, lockGate, pauseGate, unpauseGate } from '@bursar/db/enforcement/gate';
import { insertAudit } from '@bursar/db/inbox/audit-pending';
import { finishCommand } from '@bursar/db/inbox/command';
import { insertOutbox } from '@bursar/db/inbox/outbox';
import type { Connection } from '@bursar/db/pool';

const GATE = 'enforcement';

/** A reason in this process to do nothing, whatever the database says; asked before each call. */
export type LocalPause = () => string | undefined;

export type PassedGate = { gate: Gate; shut: string | undefined };

/**
 * Locks the gate, carries out what people asked of it, ends a pause whose time has come, and tells whether anything may
 * be done now. The gate stays locked until the transaction ends, so a pause that commits first is seen.
 */
export async function passGate(connection: Connection, localPause: LocalPause): Promise<PassedGate> {
  let gate = await lockGate(connection);
  if (gate.commandsWaiting) {
    for (const command of await pendingCommands(connection)) await carryOut(connection, command);
    gate = await lockGate(connection);
  }
  if (gate.pauseIsOver) {
    await endPause(connection, gate);
    gate = await lockGate(connection);
  } else if (gate.pauseEndsSoon) await remind(connection, gate);
  return { gate, shut: whyShut(gate, localPause) };
}

/** Why nothing may be done now. */
export function whyShut(gate: Gate, localPause: LocalPause): string | undefined {
  const local = localPause();
  if (local !== undefined) return local;
  if (gate.paused) return `paused by ${gate.pausedBy}: ${gate.pauseReason}`;
  if (gate.breakerOpenSince !== null) return `our admin credential is refused: ${gate.breakerReason}`;
  return undefined;
}

async function carryOut(connection: Connection, command: Command): Promise<void> {
  const { actor, reason, kind, commandId } = command;
  const until = untilOf(command);
  if (until === 'unreadable') {
    await finishCommand(
      connection,
      commandId,
      'refused: arguments.until is not a time; write it as 2026-01-31T12:00:00Z',
    );
    return;
  }
  if (kind === 'pause') await pauseGate(connection, { actor, reason, until });
  else await unpauseGate(connection, command.arguments.backlog === 'all' ? 'all' : 'one');
  const evidence = { commandId, ...command.arguments };
  await insertAudit(connection, { action: `enforcement.${kind}`, target: GATE, reason, actor, evidence });
  const ending = until === null ? '' : ` until ${until.toISOString()}`;
  const what = kind === 'pause' ? `paused${ending}: no key is switched off or on` : 'on again';
  await insertOutbox(connection, {
    severity: 'warning',
    kind: `enforcement_${kind}d`,
    subject: GATE,
    sentence: `Enforcement is ${what}. ${actor}: ${reason}`,
    dedupKey: `command/${commandId}`,
  });
  await finishCommand(connection, commandId, 'done');
}

function untilOf(command: Command): Date | null | 'unreadable' {
  const { until } = command.arguments;
  if (command.kind !== 'pause' || until === undefined || until === null) return null;
  const date = typeof until === 'string' ? new Date(until) : new Date(Number.NaN);
  return Number.isNaN(date.getTime()) ? 'unreadable' : date;
}

async function endPause(connection: Connection, gate: Gate): Promise<void> {
  const sentence = `The pause by ${gate.pausedBy} has ended as planned: enforcement is on again.`;
  await unpauseGate(connection, 'one');
  await insertAudit(connection, { action: 'enforcement.unpause', target: GATE, reason: sentence });
  const dedupKey = `pause/${gate.pausedAt?.toISOString()}/ended`;
  await insertOutbox(connection, {
    severity: 'warning',
    kind: 'enforcement_unpaused',
    subject: GATE,
    sentence,
    dedupKey,
  });
}

async function remind(connection: Connection, gate: Gate): Promise<void> {
  const sentence = `The pause by ${gate.pausedBy} ends at ${gate.pausedUntil?.toISOString()}: enforcement will be on again.`;
  const dedupKey = `pause/${gate.pausedAt?.toISOString()}/ends-soon`;
  await insertOutbox(connection, { severity: 'warning', kind: 'pause_ends', subject: GATE, sentence, dedupKey });
}
