import { type OptionSpecs, readOptions, url } from '@bursar/runtime/config';
import { WrongUseError } from './wrong-use-error.ts';

type Environment = Record<string, string | undefined>;

const options = {
  databaseUrl: {
    schema: url.optional(),
    env: 'DATABASE_URL',
    describe: 'the address of the Postgres that holds the ledger, like postgres://user@host:5432/bursar',
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

/** Where the person stands, first: a package manager starts the command elsewhere and says so in `INIT_CWD`. */
export function workingDirectories(env: Environment = process.env): [string, ...string[]] {
  const here = process.cwd();
  return env['INIT_CWD'] ? [env['INIT_CWD'], here] : [here];
}
