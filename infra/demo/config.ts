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

export const USAGE = `pnpm start [--once] [--report FILE] [--config FILE]

  --once           end after the story; exit 0 only if every step was read back
  --report FILE    write what was measured, as JSON
  --config FILE    your organization's policy; needs ANTHROPIC_ADMIN_KEY or ANTHROPIC_ADMIN_KEY_FILE, plays no demo

  KAFKA_BROKERS, DATABASE_URL    use these servers instead of starting some
  BURSAR_DOCKER=never            do not use Docker for them
`;

/**
 * Reads the command line and the environment; undefined when help is asked for.
 * @throws Error with the line to show when they are wrong or contradict each other.
 */
export function readStartConfig(
  argv = process.argv.slice(2),
  env: NodeJS.ProcessEnv = process.env,
): StartConfig | undefined {
  const values = parse(argv);
  if (values.help) return undefined;
  const realOrganization = credentialIn(env);
  if (realOrganization === undefined && values.config !== undefined) {
    throw new Error(
      '--config is for a real organization and needs its credential: set ANTHROPIC_ADMIN_KEY_FILE or ANTHROPIC_ADMIN_KEY (now unset or empty)',
    );
  }
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

function parse(argv: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: argv.filter((word) => word !== '--'),
      options: {
        once: { type: 'boolean' },
        report: { type: 'string' },
        config: { type: 'string' },
        help: { type: 'boolean' },
      },
    });
    return values;
  } catch (error) {
    throw new Error(`${(error as Error).message}\n\n${USAGE}`);
  }
}

/** What a real organization's services are told from the environment of `start`. */
const PASSED_ON = [
  'ANTHROPIC_ADMIN_KEY',
  'ANTHROPIC_ADMIN_KEY_FILE',
  'ANTHROPIC_BASE_URL',
  'BURSAR_SIGNING_SECRETS_DIR',
];

function credentialIn(env: NodeJS.ProcessEnv): Record<string, string> | undefined {
  const given = PASSED_ON.flatMap((name) => (env[name] ? [[name, env[name]] as const] : []));
  const credential = Object.fromEntries(given);
  return credential['ANTHROPIC_ADMIN_KEY'] || credential['ANTHROPIC_ADMIN_KEY_FILE'] ? credential : undefined;
}
