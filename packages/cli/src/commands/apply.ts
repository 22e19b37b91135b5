import { policyActivation, submitPolicy } from '@bursar/db/configuration/submit-policy';
import { loadEnforcement } from '@bursar/db/report/enforcement';
import { policyToJson } from '@bursar/policy/policy-json';
import type { Command } from 'commander';
import { untilInForce } from '../connection/put-in-force.ts';
import { type Context, withSession } from '../context.ts';
import { parseCount, parseReason } from '../options.ts';
import { readPolicyFile } from '../policy-source.ts';
import { whyOnlyProposed } from '../story/judge-status.ts';
import { policySummary } from './config-file.ts';

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
        await untilInForce(context, `Policy version ${version}`, waitMs, () => policyActivation(db, version));
        const onlyProposed = whyOnlyProposed(await loadEnforcement(db));
        if (onlyProposed) context.terminal.say({ text: `Enforcement is OFF: ${onlyProposed}.`, tone: 'bad' });
      });
      for (const line of policySummary(policy)) context.terminal.print(line);
    });
}
