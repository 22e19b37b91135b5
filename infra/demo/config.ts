import { parseArgs } from 'node:util';
import { type LocalConfig, readLocalConfig } from '../local/config.ts';

export type StartConfig = LocalConfig & {
  /** End after the story. */
  readonly once: boolean;
  /** Where to write what was measured. */
  readonly reportPath: string | undefined;
  /** The policy; default: the repository's bursar.yaml. */
  readonly policyPath: string | undefined;
  /** With a credential of a real organization there is no emulator and no demo traffic. */
  readonly realOrganization: Readonly<Record<string, string>> | undefined;
};

/** Reads the command line and the environment. @throws Error with the line to show when they contradict each other. */
export function readStartConfig(argv = process.argv.slice(2), env: NodeJS.ProcessEnv = process.env): StartConfig {
  const { values } = parseArgs({
    args: argv.filter((word) => word !== '--'),
    options: { once: { type: 'boolean' }, report: { type: 'string' }, config: { type: 'string' } },
  });
  const realOrganization = credentialIn(env);
  if (realOrganization !== undefined && values.config === undefined) {
    throw new Error(
      'with ANTHROPIC_ADMIN_KEY or ANTHROPIC_ADMIN_KEY_FILE also give --config FILE: the policy of your organization',
    );
  }
  return {
    ...readLocalConfig(env),
    once: values.once ?? false,
    reportPath: values.report,
    policyPath: values.config,
    realOrganization,
  };
}

function credentialIn(env: NodeJS.ProcessEnv): Record<string, string> | undefined {
  const given = ['ANTHROPIC_ADMIN_KEY', 'ANTHROPIC_ADMIN_KEY_FILE', 'ANTHROPIC_BASE_URL'].flatMap((name) =>
    env[name] ? [[name, env[name]] as const] : [],
  );
  const credential = Object.fromEntries(given);
  return credential['ANTHROPIC_ADMIN_KEY'] || credential['ANTHROPIC_ADMIN_KEY_FILE'] ? credential : undefined;
}
