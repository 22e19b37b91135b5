import { editorSchema } from '@bursar/policy/editor-schema';
import { mustSign, type Policy } from '@bursar/policy/policy';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { cleanJson } from '../output/clean-text.ts';
import { readPolicyFile } from '../policy-source.ts';

export function addConfig(program: Command, context: Context): void {
  const config = program
    .command('config')
    .description('check a policy file, or print its JSON Schema for editors')
    .addHelpText('after', '\nExample:\n  bursar config check bursar.yaml');
  config
    .command('check')
    .argument('<file>', 'the policy file')
    .description('tell everything that is wrong with a policy file, with line and column; applies nothing')
    .addHelpText('after', '\nExample:\n  bursar config check bursar.yaml')
    .action((file: string) => {
      const { policy, contentHash } = readPolicyFile(file);
      for (const line of policySummary(policy)) context.terminal.print(line);
      context.terminal.print(`  content hash  ${contentHash.slice(0, 12)}`);
      context.terminal.say(`${file} is right. Put it in force with: bursar apply ${file} --reason "…"`);
    });
  config
    .command('schema')
    .description('print the JSON Schema of policy files')
    .addHelpText('after', '\nExample:\n  bursar config schema > bursar.schema.json')
    .action(() => context.terminal.printVerbatim(`${cleanJson(editorSchema())}\n`));
}

/** What a policy says, in six lines. */
export function policySummary(policy: Policy): string[] {
  const suspending = policy.limits.filter(({ onBreach }) => onBreach === 'suspend').length;
  const protectedKeys = policy.keys.filter((key) => key.protected).length;
  const mode = policy.enforcement.mode === 'auto' ? 'auto: switches keys off by itself' : 'observe: only proposes';
  return [
    `${policy.organization.name}, days and months in ${policy.organization.timezone}`,
    `  roles         ${Object.keys(policy.roles).join(', ')}`,
    `  keys          ${policy.keys.length}, of which ${protectedKeys} protected`,
    `  limits        ${policy.limits.length}, of which ${suspending} suspend the key`,
    `  signatures    ${whoSigns(policy)}`,
    `  enforcement   ${mode}`,
  ];
}

function whoSigns({ keys, events }: Policy): string {
  if (events.requireSignature.includes('*')) return 'every service signs its records';
  const services = [...new Set(keys.map(({ service }) => service))].sort();
  const unsigned = services.filter((service) => !mustSign(events, service));
  const believed = `${unsigned.length > 5 ? `${unsigned.length} services are` : `${unsigned.join(', ')} ${unsigned.length === 1 ? 'is' : 'are'}`} believed unsigned`;
  if (events.requireSignature.length === 0) return 'nobody signs: whoever can write to Kafka can invent usage';
  return unsigned.length === 0
    ? events.requireSignature.join(', ')
    : `${events.requireSignature.join(', ')}; ${believed}`;
}
