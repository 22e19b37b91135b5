import type { Queryable } from '../pool.ts';

/** What a person asked for; `actor` is the login that asked. */
export type Command = {
  commandId: string;
  kind: 'pause' | 'unpause';
  arguments: Record<string, unknown>;
  reason: string;
  actor: string;
};

/** The commands not yet carried out, oldest first; the caller has locked the gate. */
export async function pendingCommands(db: Queryable): Promise<Command[]> {
  const { rows } = await db.query<Command>(
    `select command_id as "commandId", kind, arguments, reason, actor
       from command where done_at is null order by command_id for update`,
  );
  return rows;
}

export async function finishCommand(db: Queryable, commandId: string, outcome: string): Promise<void> {
  await db.query('update command set done_at = clock_timestamp(), outcome = $2 where command_id = $1', [
    commandId,
    outcome,
  ]);
}
