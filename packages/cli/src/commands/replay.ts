import type { Queryable } from '@bursar/db/pool';
import type { ReplayRequest } from '@bursar/db/report/command';
import type { Command } from 'commander';
import { askAggregator } from '../connection/ask-aggregator.ts';
import { type Context, withSession } from '../context.ts';
import { parseCount, parseInstant, parseReason } from '../options.ts';
import { WrongUseError } from '../wrong-use-error.ts';

type Options = { from: string; partition?: string; reason: string; wait: string };

export function addReplay(program: Command, context: Context): void {
  program
    .command('replay')
    .requiredOption('--from <where>', 'earliest, a time (2h, 2026-11-20T08:00Z), or with --partition an offset')
    .requiredOption('--reason <text>', 'why, for the record')
    .option('--partition <number>', 'only this one; else all')
    .option('--wait <seconds>', 'how long to wait for the aggregator', '10')
    .description('read the log again: what is known counts once, what was missing is counted')
    .addHelpText(
      'after',
      `
A time is that of the record in Kafka. Nothing is read from before the 10 days in which ids are remembered.

Example:
  bursar replay --from 6h --reason "were all of this morning's records counted?"
  bursar replay --from 12345 --partition 3 --reason "ticket 4711"`,
    )
    .action(async (options: Options, command: Command) => {
      const reason = parseReason(options.reason);
      const waitMs = parseCount(options.wait, '--wait', 3_600) * 1_000;
      const partition = options.partition === undefined ? {} : { partition: parsePartition(options.partition) };
      if (isOffset(options.from) && options.partition === undefined)
        throw new WrongUseError('An offset means something on one partition only; name it with --partition.');
      await withSession(context, command, async ({ db, now }) => {
        const from = await whereFrom(db, options.from, now);
        await askAggregator(context, db, { kind: 'replay', reason, arguments: { from, ...partition } }, waitMs);
      });
    });
}

async function whereFrom(db: Queryable, text: string, now: Date): Promise<ReplayRequest['arguments']['from']> {
  if (text === 'earliest') return text;
  if (isOffset(text)) return { offset: text };
  const time = await parseInstant(db, text, '--from', { now, zone: 'UTC' });
  return { time: time.toISOString() };
}

function isOffset(text: string): boolean {
  return /^\d{1,18}$/.test(text);
}

function parsePartition(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new WrongUseError(`--partition is "${text}"; write its number, such as 3.`);
}
