import { countWaiting } from '@bursar/db/enforcement/approved-hold';
import { type RecentActs, recentActs } from '@bursar/db/enforcement/cap';
import type { Gate } from '@bursar/db/enforcement/gate';
import { insertOutbox } from '@bursar/db/inbox/outbox';
import type { Connection } from '@bursar/db/pool';
import { capCount } from '@bursar/policy/judge';
import type { Enforcement } from '@bursar/policy/policy';

export type FullCap = { span: string; allowed: number; used: number };

/** The first cap that allows no further key to be switched off now; the caller holds the gate. */
export async function capsFull(connection: Connection, caps: Enforcement['caps']): Promise<FullCap | undefined> {
  return fullCap(caps, await recentActs(connection));
}

export function fullCap(caps: Enforcement['caps'], recent: RecentActs): FullCap | undefined {
  const spans: FullCap[] = [
    { span: '10 minutes', allowed: caps.per10Minutes, used: recent.per10Minutes },
    { span: 'hour', allowed: caps.perHour, used: recent.perHour },
    { span: 'day', allowed: capCount(caps.perDay, recent.activeKeys), used: recent.perDay },
  ];
  return spans.find(({ allowed, used }) => used >= allowed);
}

/** Pages that keys wait for a cap: once an hour, however many wait. */
export async function tellCapFull(connection: Connection, { span, allowed, used }: FullCap): Promise<void> {
  const { keys } = await countWaiting(connection, null);
  await insertOutbox(connection, {
    severity: 'page',
    kind: 'cap_full',
    subject: span,
    sentence: `${used} keys were switched off in the last ${span}, ${allowed} are allowed: ${keyCount(keys)} on until the cap lets them.`,
    dedupKey: `cap/${span}/${new Date().toISOString().slice(0, 13)}`,
  });
}

/** Pages that keys wait for a person because their holds piled up while nothing could be done: once per opening. */
export async function tellBacklog(connection: Connection, gate: Gate): Promise<void> {
  const { backlog } = await countWaiting(connection, gate.backlogBefore);
  if (backlog === 0) return;
  await insertOutbox(connection, {
    severity: 'page',
    kind: 'backlog',
    subject: 'enforcement',
    sentence: `${keyCount(backlog)} on: the holds piled up while enforcement was off and wait for a person (unpause with backlog: all).`,
    dedupKey: `backlog/${gate.backlogBefore?.toISOString()}`,
  });
}

function keyCount(keys: number): string {
  return keys === 1 ? '1 more key stays' : `${keys} more keys stay`;
}
