import type { Pool } from '@bursar/db/pool';
import { readDatabaseClock } from '@bursar/db/report/database-clock';
import type { Command } from 'commander';
import { findDatabaseUrl, withDatabase } from './connection/database.ts';
import type { Terminal } from './output/terminal.ts';

/** What every command gets: the screen, the end of the program, and a way to the database. */
export type Context = {
  terminal: Terminal;
  /** Aborts on Ctrl-C. */
  signal: AbortSignal;
  /** The code with which the process ends when nothing fails. */
  exitWith(code: number): void;
};

export type Session = {
  db: Pool;
  /** The database's clock when the command began: ages don't depend on this machine's. */
  now: Date;
};

/** The address that this command line and its surroundings give. */
export function databaseUrlOf(context: Context, command: Command): string {
  const { databaseUrl } = command.optsWithGlobals<{ databaseUrl?: string }>();
  return findDatabaseUrl(databaseUrl, (line) => context.terminal.say({ text: line, tone: 'quiet' }));
}

/** Runs work with the database that this command line and its surroundings give. */
export async function withSession<T>(
  context: Context,
  command: Command,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  return await withDatabase(databaseUrlOf(context, command), async (db) => {
    return await work({ db, now: await readDatabaseClock(db) });
  });
}
