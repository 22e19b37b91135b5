import type { Connection, Queryable } from '../pool.ts';

/** What a person asked for, by the login `actor`. What the arguments hold is not checked yet. */
export type TakenCommand = {
  commandId: string;
  kind: string;
  arguments: unknown;
  reason: string;
  actor: string;
};

/**
 * The oldest command of these kinds that nobody has carried out or is at, locked until the transaction ends.
 * `except`: ids to pass over, such as those that failed a moment ago.
 */
export async function takeCommand(
  connection: Connection,
  kinds: readonly string[],
  except: readonly string[] = [],
): Promise<TakenCommand | undefined> {
  const { rows } = await connection.query<TakenCommand>(
    `select command_id as "commandId", kind, arguments, reason, actor from command
      where done_at is null and kind = any ($1) and command_id <> all ($2::bigint[])
      order by command_id limit 1 for update skip locked`,
    [kinds, except],
  );
  return rows[0];
}

/** Ends a command with what the person who asked is to read. */
export async function finishCommand(db: Queryable, commandId: string, outcome: string): Promise<void> {
  await db.query('update command set done_at = clock_timestamp(), outcome = $2 where command_id = $1', [
    commandId,
    outcome,
  ]);
}
