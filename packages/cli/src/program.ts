import { describeError } from '@bursar/runtime/describe-error';
import { ExitError } from '@bursar/runtime/exit-error';
import { scrub } from '@bursar/runtime/scrub';
import { Command, CommanderError } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { addApply } from './commands/apply.ts';
import { addConfig } from './commands/config-file.ts';
import { addCorrections } from './commands/corrections.ts';
import { addFindings } from './commands/findings.ts';
import { addHolds } from './commands/holds.ts';
import { addIncidents } from './commands/incidents.ts';
import { addKeys } from './commands/keys.ts';
import { addLimits } from './commands/limits.ts';
import { addMigrate } from './commands/migrate.ts';
import { addPause } from './commands/pause.ts';
import { addPrices } from './commands/prices.ts';
import { addQuarantine } from './commands/quarantine.ts';
import { addReplay } from './commands/replay.ts';
import { addRequests } from './commands/requests.ts';
import { addStatus } from './commands/status.ts';
import { addUsage } from './commands/usage.ts';
import { addWhy } from './commands/why.ts';
import { addWorkspaces } from './commands/workspaces.ts';
import type { Context } from './context.ts';
import type { Terminal } from './output/terminal.ts';
import { EXIT } from './wrong-use-error.ts';

const ABOUT = `What every Anthropic API key of the company uses and costs, which limits it meets, and why it was switched off.

Start with: bursar status`;

const AFTER_HELP = `
Database: --database-url, else DATABASE_URL, else a Bursar running here (.bursar/running.json).
Exit codes: 0 fine, 1 failed, 2 wrong use, 3 something needs a person.
Data goes to stdout, messages to stderr; NO_COLOR is respected.`;

/** Runs one command line and returns the exit code. Errors become lines on stderr, never stack traces. */
export async function run(argv: readonly string[], terminal: Terminal, signal: AbortSignal): Promise<number> {
  let exitCode: number = EXIT.ok;
  const program = createProgram({
    terminal,
    signal,
    exitWith: (code) => {
      exitCode = code;
    },
  });
  if (argv.length <= 2) {
    program.outputHelp();
    return EXIT.ok;
  }
  try {
    await program.parseAsync(argv);
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.wrongUse;
    if (signal.aborted) return EXIT.ok;
    for (const line of scrub(describeError(error)).split('\n')) terminal.say({ text: line, tone: 'bad' });
    return error instanceof ExitError ? error.exitCode : EXIT.error;
  }
}

function createProgram(context: Context): Command {
  const program = new Command('bursar')
    .description(ABOUT)
    .version(packageJson.version)
    .option('--database-url <url>', 'the Postgres that holds the ledger')
    .addHelpText('after', AFTER_HELP)
    .showHelpAfterError('Add --help to see what it takes.')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.terminal.printVerbatim(text),
      writeErr: (text) => {
        for (const line of text.trimEnd().split('\n')) context.terminal.say(line);
      },
    });
  const add = [
    addStatus,
    addWhy,
    addRequests,
    addWorkspaces,
    addUsage,
    addCorrections,
    addLimits,
    addKeys,
    addHolds,
    addFindings,
    addIncidents,
    addQuarantine,
    addReplay,
    addPause,
    addConfig,
    addApply,
    addPrices,
    addMigrate,
  ];
  for (const addCommand of add) addCommand(program, context);
  return program;
}
