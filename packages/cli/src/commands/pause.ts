import type { Queryable } from '@bursar/db/pool';
import { type CommandRequest, submitCommand } from '@bursar/db/report/command';
import { loadEnforcement } from '@bursar/db/report/enforcement';
import { ExitError } from '@bursar/runtime/exit-error';
import type { Command } from 'commander';
import { waitForOutcome } from '../connection/wait-for-outcome.ts';
import { type Context, withSession } from '../context.ts';
import { parseCount, parseReason, parseSpan } from '../options.ts';
import { utcText } from '../output/time-text.ts';

type Options = { reason: string; for?: string; wholeBacklog?: boolean; wait: string };

export function addPause(program: Command, context: Context): void {
  program
    .command('pause')
    .requiredOption('--reason <text>', 'why, for the record')
    .option('--for <time>', 'end by itself after this time, such as 2h; else it stays until `bursar unpause`')
    .option('--wait <seconds>', 'how long to wait for the revoker', '5')
    .description('stop switching keys off, at once; metering goes on')
    .addHelpText('after', '\nExample:\n  bursar pause --for 2h --reason "black friday, we watch by hand"')
    .action(async (options: Options, command: Command) => {
      const forMs = options.for === undefined ? {} : { forMs: parseSpan(options.for, '--for') };
      await ask(context, command, { kind: 'pause', reason: parseReason(options.reason), ...forMs }, options);
    });
  program
    .command('unpause')
    .requiredOption('--reason <text>', 'why, for the record')
    .option('--wait <seconds>', 'how long to wait for the revoker', '5')
    .option('--whole-backlog', 'carry out all that was approved meanwhile; else one, and the rest waits for a person')
    .description('let Bursar switch keys off again, as far as the policy says')
    .addHelpText('after', '\nExample:\n  bursar unpause --reason "sale is over"')
    .action(async (options: Options, command: Command) => {
      await ask(
        context,
        command,
        { kind: 'unpause', reason: parseReason(options.reason), wholeBacklog: options.wholeBacklog ?? false },
        options,
      );
    });
}

async function ask(context: Context, command: Command, request: CommandRequest, options: Options): Promise<void> {
  const waitMs = parseCount(options.wait, '--wait', 3_600) * 1_000;
  await withSession(context, command, async ({ db }) => {
    const commandId = await submitCommand(db, request);
    context.terminal.say(`Asked the revoker to ${request.kind} (command ${commandId}); waiting for it…`);
    const outcome = await waitForOutcome(db, commandId, waitMs, context.signal);
    if (outcome === undefined) throw new ExitError(unanswered(request.kind, waitMs));
    context.terminal.print(`The revoker took command ${commandId}: ${outcome}`);
    context.terminal.print(await standing(db));
  });
}

async function standing(db: Queryable): Promise<string> {
  const { paused, pausedUntil, mode } = await loadEnforcement(db);
  if (!paused)
    return mode === 'auto' ? 'Enforcement is not paused.' : 'Not paused; the policy only observes and proposes.';
  return `Enforcement is paused ${pausedUntil ? `until ${utcText(pausedUntil)}` : 'until `bursar unpause`'}.`;
}

function unanswered(kind: CommandRequest['kind'], waitMs: number): string {
  const meaning = {
    pause:
      'No revoker runs, or it is busy: while none runs no key is switched off; the next one to start pauses first.',
    unpause: 'No revoker runs, or it is busy: nothing is switched off or on until one runs; it then takes this up.',
  }[kind];
  return `No revoker answered within ${waitMs / 1_000} s; the command stays in the queue. ${meaning} See: bursar status`;
}
