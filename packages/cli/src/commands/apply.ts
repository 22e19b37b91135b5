import { setTimeout as sleep } from 'node:timers/promises';
import { type Activation, policyActivation, submitPolicy } from '@bursar/db/configuration/submit-policy';
import type { Queryable } from '@bursar/db/pool';
import { loadEnforcement } from '@bursar/db/report/enforcement';
import { policyToJson } from '@bursar/policy/policy-json';
import { ExitError } from '@bursar/runtime/exit-error';
import type { Command } from 'commander';
import { type Context, withSession } from '../context.ts';
import { parseCount, parseReason } from '../options.ts';
import { readPolicyFile } from '../policy-source.ts';
import { whyOnlyProposed } from '../story/judge-status.ts';
import { policySummary } from './config-file.ts';

const ASK_EVERY_MS = 100;

export function addApply(program: Command, context: Context): void {
  program
    .command('apply')
    .argument('<file>', 'the policy file')
    .requiredOption('--reason <text>', 'why, for the record')
    .option('--wait <seconds>', 'how long to wait for the aggregator', '10')
    .description('check a policy file and put it in force as a new, immutable version')
    .addHelpText('after', '\nExample:\n  bursar apply bursar.yaml --reason "search gets 500 USD a month"')
    .action(async (file: string, options: { reason: string; wait: string }, command: Command) => {
      const reason = parseReason(options.reason);
      const waitMs = parseCount(options.wait, '--wait', 3_600) * 1_000;
      const { source, policy, contentHash } = readPolicyFile(file);
      await withSession(context, command, async ({ db }) => {
        const version = await submitPolicy(db, { contentHash, source, policyJson: policyToJson(policy), reason });
        context.terminal.say(`Policy version ${version} is submitted; waiting for the aggregator to put it in force…`);
        report(context, version, await waitForActivation(db, version, waitMs, context.signal));
        const onlyProposed = whyOnlyProposed(await loadEnforcement(db));
        if (onlyProposed) context.terminal.say({ text: `Enforcement is OFF: ${onlyProposed}.`, tone: 'bad' });
      });
      for (const line of policySummary(policy)) context.terminal.print(line);
    });
}

async function waitForActivation(
  db: Queryable,
  version: number,
  waitMs: number,
  signal: AbortSignal,
): Promise<Activation> {
  const deadline = performance.now() + waitMs;
  for (;;) {
    const activation = await policyActivation(db, version);
    if (activation.state !== 'waiting' || performance.now() >= deadline || signal.aborted) return activation;
    await sleep(ASK_EVERY_MS, undefined, { signal }).catch(() => {});
  }
}

function report(context: Context, version: number, activation: Activation): void {
  if (activation.state === 'refused') {
    throw new ExitError(`Policy version ${version} was refused: ${activation.because}. The one before stays in force.`);
  }
  if (activation.state === 'waiting') {
    throw new ExitError(
      `No aggregator has put policy version ${version} in force yet. The one before stays in force until one does: ` +
        'start an aggregator; it takes the version up by itself. See: bursar status',
    );
  }
  context.terminal.say({ text: `Policy version ${version} is in force.`, tone: 'good' });
}
