import { flagOf } from './command-line.ts';
import type { EffectiveOption, OptionSpecs } from './config.ts';
import { scrub } from './scrub.ts';

/** The text of `--help`: each option with its flag, variable, meaning and default. */
export function optionsHelp(options: OptionSpecs): string {
  const entries = Object.entries(options).map(([name, option]) => {
    const variables = option.file ? `${option.env} or ${option.env}_FILE` : option.env;
    const fallback = option.default === undefined ? '' : ` Default: ${option.default}`;
    const required = option.default === undefined && !option.schema.safeParse(undefined).success ? ' Required.' : '';
    return `  --${flagOf(name)} <value>  or  ${variables}\n      ${option.describe}${fallback}${required}\n`;
  });
  return [
    'A flag wins over the environment, the environment over the env file, the env file over the default.\n',
    ...entries,
    '  --env-file <path>  or  BURSAR_ENV_FILE\n      A file of NAME=value lines.\n',
    '  --check-config\n      Checks the configuration, prints the values in force without secrets, and exits.\n',
    '  --help\n      Prints this text and exits.\n',
  ].join('\n');
}

/** The text of `--check-config`: each value in force with its origin, secrets replaced. */
export function effectiveText(effective: readonly EffectiveOption[]): string {
  return effective
    .map(({ name, raw, origin, secret }) => `${flagOf(name)} = ${shown(raw, secret)}  (${origin})\n`)
    .join('');
}

function shown(raw: string | undefined, secret: boolean): string {
  if (raw === undefined) return '-';
  return secret ? '[redacted]' : scrub(raw);
}
