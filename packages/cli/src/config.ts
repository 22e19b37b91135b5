import { type OptionSpecs, readOptions, url } from '@bursar/runtime/config';
import { WrongUseError } from './wrong-use-error.ts';

type Environment = Record<string, string | undefined>;

const options = {
  databaseUrl: {
    schema: url.optional(),
    env: 'DATABASE_URL',
    describe: 'The Postgres that holds the ledger.',
    secret: true,
    file: true,
  },
} as const satisfies OptionSpecs;

/** The database URL that a flag, `DATABASE_URL` or the file `DATABASE_URL_FILE` gives, in this order; else undefined. */
export function givenDatabaseUrl(flag: string | undefined, env: Environment = process.env): string | undefined {
  const argv = flag === undefined ? [] : [`--database-url=${flag}`];
  const read = readOptions(options, { argv, env });
  if (!read.ok) throw new WrongUseError(read.problems.join('\n'));
  return read.values.databaseUrl;
}

/** Colours only for a person's terminal, and never when `NO_COLOR` is set (no-color.org). */
export function wantsColour(stream: { isTTY?: boolean | undefined }, env: Environment = process.env): boolean {
  return stream.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
}

/** Where the person stood when a package manager started the command from the repository's root. */
export function workingDirectory(env: Environment = process.env): string {
  return env['INIT_CWD'] ?? process.cwd();
}
