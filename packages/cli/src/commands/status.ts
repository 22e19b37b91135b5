import type { Queryable } from '@bursar/db/pool';
import { loadEnforcement } from '@bursar/db/report/enforcement';
import { loadIngest } from '@bursar/db/report/ingest';
import { listJobs } from '@bursar/db/report/jobs';
import { countKeys } from '@bursar/db/report/key-counts';
import { summarizeRecentActs } from '@bursar/db/report/recent-acts';
import { countWaiting } from '@bursar/db/report/waiting';
import type { Command } from 'commander';
import { type Context, withSession } from '../context.ts';
import { cleanJson } from '../output/clean-text.ts';
import { judgeStatus, type Status } from '../story/judge-status.ts';
import { statusLines } from '../story/status-lines.ts';
import { EXIT } from '../wrong-use-error.ts';

export function addStatus(program: Command, context: Context): void {
  program
    .command('status')
    .option('--json', 'for programs')
    .description('one screen: is enforcement on, is metering fresh, what waits for a person, what to type next')
    .addHelpText(
      'after',
      '\nExample:\n  bursar status || echo "something needs a person"\n\nExit code 3 when something needs a person.',
    )
    .action(async ({ json }: { json?: boolean }, command: Command) => {
      await withSession(context, command, async ({ db, now }) => {
        const status = await loadStatus(db, now);
        const verdict = judgeStatus(status);
        if (json) context.terminal.printVerbatim(`${cleanJson({ ...verdict, ...status })}\n`);
        else for (const line of statusLines(status, verdict)) context.terminal.print(line);
        if (verdict.needsPerson.length > 0) context.exitWith(EXIT.foundSomething);
      });
    });
}

async function loadStatus(db: Queryable, now: Date): Promise<Status> {
  const [enforcement, ingest, jobs, waiting, acts, keys] = await Promise.all([
    loadEnforcement(db),
    loadIngest(db),
    listJobs(db),
    countWaiting(db),
    summarizeRecentActs(db),
    countKeys(db),
  ]);
  return { now, enforcement, ingest, jobs, waiting, acts, keys };
}
