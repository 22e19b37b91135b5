import type { Queryable } from '../pool.ts';

/** What a person asked for; `actor` is the login that asked. */
export type Command = {
  commandId: string;
  kind: 'pause' | 'unpause';
  arguments: Record<string, unknown>;
  reason: string;
  actor: string;
};

/** The kinds that the revoker consumes; the others are the aggregator's. */
export const GATE_COMMANDS = `kind in ('pause', 'unpause')`;

/** The commands to the revoker that are not yet carried out, oldest first; the caller has locked the gate. */
export async function pendingCommands(db: Queryable): Promise<Command[]> {
  const { rows } = await db.query<Command>(
    `select command_id as "commandId", kind, arguments, reason, actor
       from command where done_at is null and ${GATE_COMMANDS} order by command_id for update`,
  );
  return rows;
}
