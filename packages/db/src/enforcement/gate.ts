import type { Queryable } from '../pool.ts';
import { GATE_COMMANDS } from './command.ts';

/** The one row that every decision to act goes through. */
export type Gate = {
  paused: boolean;
  pausedBy: string | null;
  pausedAt: Date | null;
  pausedUntil: Date | null;
  pauseReason: string | null;
  /** The pause had an end and that has come. */
  pauseIsOver: boolean;
  pauseEndsSoon: boolean;
  breakerOpenSince: Date | null;
  breakerReason: string | null;
  backlogBefore: Date | null;
  backlogActed: boolean;
  /** null before the first policy */
  activeVersionId: number | null;
  commandsWaiting: boolean;
};

const COLUMNS = `paused, paused_by as "pausedBy", paused_at as "pausedAt", paused_until as "pausedUntil",
  pause_reason as "pauseReason", coalesce(paused and paused_until <= clock_timestamp(), false) as "pauseIsOver",
  coalesce(paused and paused_until <= clock_timestamp() + interval '10 minutes', false) as "pauseEndsSoon",
  breaker_open_since as "breakerOpenSince", breaker_reason as "breakerReason",
  backlog_before as "backlogBefore", backlog_acted as "backlogActed",
  (select policy_version_id from configuration_epoch) as "activeVersionId",
  exists (select from command where done_at is null and ${GATE_COMMANDS}) as "commandsWaiting"`;

/** Locks the gate until the end of the transaction. Always before any key_control or hold. */
export async function lockGate(db: Queryable): Promise<Gate> {
  const { rows } = await db.query<Gate>(`select ${COLUMNS} from enforcement_gate for update`);
  return rows[0]!;
}

export async function readGate(db: Queryable): Promise<Gate> {
  const { rows } = await db.query<Gate>(`select ${COLUMNS} from enforcement_gate`);
  return rows[0]!;
}

export async function pauseGate(
  db: Queryable,
  pause: { actor: string; reason: string; until: Date | null },
): Promise<void> {
  await db.query(
    `update enforcement_gate
        set paused = true, paused_by = $1, pause_reason = $2, paused_until = $3, paused_at = clock_timestamp()`,
    [pause.actor, pause.reason, pause.until],
  );
}

/** Ends a pause. What was approved until now is backlog, unless a person wants all of it carried out. */
export async function unpauseGate(db: Queryable, backlog: 'one' | 'all'): Promise<void> {
  await db.query(
    `update enforcement_gate
        set paused = false, paused_by = null, paused_at = null, paused_until = null, pause_reason = null,
            backlog_before = case when $1 then null else clock_timestamp() end, backlog_acted = false`,
    [backlog === 'all'],
  );
}

/** True when it was closed before: the first to notice tells everybody. */
export async function openBreaker(db: Queryable, reason: string): Promise<boolean> {
  const { rowCount } = await db.query(
    `update enforcement_gate set breaker_open_since = clock_timestamp(), breaker_reason = $1 where breaker_open_since is null`,
    [reason],
  );
  return rowCount === 1;
}

/** True when it was open. What was approved until now is backlog. */
export async function closeBreaker(db: Queryable): Promise<boolean> {
  const { rowCount } = await db.query(
    `update enforcement_gate
        set breaker_open_since = null, breaker_reason = null, backlog_before = clock_timestamp(), backlog_acted = false
      where breaker_open_since is not null`,
  );
  return rowCount === 1;
}

/** Keeps why the revoker would not act by itself even if the policy said auto; null when it would. */
export async function noteAutoRefused(db: Queryable, because: string | null): Promise<void> {
  await db.query(
    'update enforcement_gate set auto_refused_because = $1 where auto_refused_because is distinct from $1',
    [because],
  );
}

/** Remembers that the one act of the backlog has happened. */
export async function markBacklogActed(db: Queryable): Promise<void> {
  await db.query('update enforcement_gate set backlog_acted = true');
}
