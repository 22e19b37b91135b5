import { migrate } from '@bursar/db/migrate';
import type { Command } from 'commander';
import { explained } from '../connection/database.ts';
import { type Context, databaseUrlOf } from '../context.ts';

export function addMigrate(program: Command, context: Context): void {
  program
    .command('migrate')
    .description('bring the database to the schema of this version; safe to repeat')
    .addHelpText('after', '\nExample:\n  bursar migrate --database-url postgres://bursar@db.example/bursar')
    .action(async (_, command: Command) => {
      const url = databaseUrlOf(context, command);
      await migrate(url, (line) => context.terminal.say(line)).catch((error: unknown) => {
        throw explained(error, url);
      });
      context.terminal.say('The database has the schema of this version.');
    });
}
