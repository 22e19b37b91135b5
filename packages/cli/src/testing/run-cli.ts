import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));

export type CliRun = { stdout: string; stderr: string; code: number | null };

/** Runs `bursar` as a person would, in a folder without a Bursar unless told, and returns all that it wrote. */
export async function runCli(
  args: readonly string[],
  where: { databaseUrl?: string; cwd?: string } = {},
): Promise<CliRun> {
  const child = startCli(args, where);
  const run = { stdout: '', stderr: '' };
  child.stdout!.on('data', (chunk) => (run.stdout += chunk));
  child.stderr!.on('data', (chunk) => (run.stderr += chunk));
  const [code] = await once(child, 'close');
  return { ...run, code };
}

/** Starts `bursar` and leaves it running. */
export function startCli(args: readonly string[], where: { databaseUrl?: string; cwd?: string } = {}): ChildProcess {
  return spawn(process.execPath, [MAIN, ...args], {
    cwd: where.cwd ?? tmpdir(),
    env: where.databaseUrl === undefined ? {} : { DATABASE_URL: where.databaseUrl },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}
