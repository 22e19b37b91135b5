import { DatabaseUrlError } from '@bursar/db/database-url';
import { schemaFits } from '@bursar/db/migrate';
import { openPool, type Pool } from '@bursar/db/pool';
import { isUntrustedCertificate } from '@bursar/runtime/describe-error';
import { ExitError } from '@bursar/runtime/exit-error';
import { givenDatabaseUrl, workingDirectories } from '../config.ts';
import { EXIT, WrongUseError } from '../wrong-use-error.ts';
import { findRunning } from './running-file.ts';

/** The database to ask: the flag, the environment, a Bursar that runs here; throws WrongUseError when there is none. */
export function findDatabaseUrl(flag: string | undefined, say: (line: string) => void): string {
  const url = givenDatabaseUrl(flag) ?? findRunning(workingDirectories(), say)?.databaseUrl;
  if (url !== undefined) return url;
  throw new WrongUseError(
    'No database is given and no Bursar runs here. Use --database-url postgres://…, set DATABASE_URL, ' +
      'or start one with `pnpm start` in another terminal.',
  );
}

/** Runs work on a pool whose schema this version knows, and closes it whatever happens. */
export async function withDatabase<T>(databaseUrl: string, work: (pool: Pool) => Promise<T>): Promise<T> {
  const pool = poolOf(databaseUrl);
  try {
    const fits = await schemaFits(pool);
    if (fits !== true) throw new ExitError(capitalized(fits), EXIT.error);
    return await work(pool);
  } catch (error) {
    throw explained(error, databaseUrl);
  } finally {
    await pool.end();
  }
}

function poolOf(databaseUrl: string): Pool {
  try {
    return openPool(databaseUrl, { name: 'bursar cli', max: 4, statementTimeoutMs: 60_000 });
  } catch (error) {
    throw explained(error, databaseUrl);
  }
}

/** An error of Postgres or of the way to it, with what to do about it. Never shows the password. */
export function explained(error: unknown, databaseUrl: string): unknown {
  const { code, message } = error as { code?: unknown; message?: unknown };
  const where = placeOf(databaseUrl);
  if (error instanceof DatabaseUrlError) return new ExitError(error.message, EXIT.wrongUse);
  if (isUntrustedCertificate(error)) {
    return new ExitError(
      `The database at ${where} shows a certificate of an authority that is not trusted here. ` +
        'Name the right one with sslrootcert=… in the URL.',
    );
  }
  if (typeof code === 'string' && /^(E[A-Z]+|57P0\d|08\w{3})$/.test(code)) {
    return new ExitError(`The database at ${where} does not answer (${code}). Does it run, and is the address right?`);
  }
  if (code === '28P01' || code === '28000') {
    return new ExitError(
      /no encryption/.test(String(message))
        ? `The database at ${where} wants TLS. Add sslmode=verify-full (and sslrootcert=…) to the URL.`
        : `The database at ${where} refuses this login. Check user and password in the URL.`,
    );
  }
  if (code === '3D000')
    return new ExitError(`There is no such database at ${where}. Create it, then run \`bursar migrate\`.`);
  if (code === '42501') {
    return new ExitError(
      `This database login may not do that (${String(message)}). Ask for the matching bursar_… role.`,
    );
  }
  if (code === '57014')
    return new ExitError('The database took over a minute and was stopped. Ask for a shorter time with --since.');
  return error;
}

function placeOf(databaseUrl: string): string {
  if (!URL.canParse(databaseUrl)) return 'the given address';
  const { host, pathname } = new URL(databaseUrl);
  return `${host}${pathname}`;
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
