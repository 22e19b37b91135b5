import { finishCommand, type TakenCommand, takeCommand } from '@bursar/db/inbox/command';
import type { Connection, Pool } from '@bursar/db/pool';
import { inRetriedTransaction } from '@bursar/db/transaction';

/** One kind of command that the aggregator carries out. A new kind is a file that makes one of these. */
export type CommandKind = {
  readonly kind: string;
  /**
   * Does what was asked for in the transaction that ends the command, and says what it did in words for the person who
   * asked. It may be called again after a crash or a deadlock.
   * @throws CommandRefused when it can't be done; any other error means "try again".
   */
  carryOut(connection: Connection, command: TakenCommand): Promise<string>;
};

/** The command can't be carried out as it is; the message says why and what to ask for instead. Nothing was written. */
export class CommandRefused extends Error {
  override readonly name: string = 'CommandRefused';
}

/** Refused until the person says that a consequence is accepted; the message names it and how to say so. */
export class DecisionNeeded extends CommandRefused {
  override readonly name = 'DecisionNeeded';
}

/**
 * Carries out every command of these kinds that waits. Of several aggregators each command is taken by one.
 * One that fails is passed over for this round, so that it holds up no other; its error is thrown at the end.
 */
export async function consumeCommands(pool: Pool, kinds: readonly CommandKind[]): Promise<void> {
  const failed: { commandId: string; error: unknown }[] = [];
  for (;;) {
    const except = failed.map(({ commandId }) => commandId);
    const taken = await carryOutNext(pool, kinds, except);
    if (taken === undefined) break;
    if ('error' in taken) failed.push(taken);
  }
  if (failed[0] !== undefined) throw failed[0].error;
}

type Taken = { commandId: string } | { commandId: string; error: unknown };

async function carryOutNext(
  pool: Pool,
  kinds: readonly CommandKind[],
  except: readonly string[],
): Promise<Taken | undefined> {
  let commandId: string | undefined;
  try {
    return await inRetriedTransaction(pool, async (connection) => {
      const names = kinds.map(({ kind }) => kind);
      const command = await takeCommand(connection, names, except);
      if (command === undefined) return undefined;
      commandId = command.commandId;
      const outcome = await outcomeOf(connection, kinds, command);
      await finishCommand(connection, commandId, outcome);
      return { commandId };
    });
  } catch (error) {
    if (commandId === undefined) throw error;
    return { commandId, error };
  }
}

async function outcomeOf(
  connection: Connection,
  kinds: readonly CommandKind[],
  command: TakenCommand,
): Promise<string> {
  try {
    return await kinds.find(({ kind }) => kind === command.kind)!.carryOut(connection, command);
  } catch (error) {
    if (error instanceof DecisionNeeded) return `to decide: ${error.message}`;
    if (error instanceof CommandRefused) return `refused: ${error.message}`;
    throw error;
  }
}
