import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Terminal } from '../output/terminal.ts';
import { run } from '../program.ts';

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

/** As runCli within this process: the same but for main.ts, and many times as fast. */
export async function runHere(args: readonly string[], databaseUrl: string): Promise<CliRun> {
  const written = { stdout: '', stderr: '' };
  const streams = {
    stdout: { write: (text: string) => (written.stdout += text) },
    stderr: { write: (text: string) => (written.stderr += text) },
  };
  const terminal = new Terminal(streams, { stdout: false, stderr: false });
  const given = args.length === 0 ? [] : [...args, '--database-url', databaseUrl];
  const code = await run(['node', 'bursar', ...given], terminal, new AbortController().signal);
  return { ...written, code };
}

/** Starts `bursar` and leaves it running. */
export function startCli(args: readonly string[], where: { databaseUrl?: string; cwd?: string } = {}): ChildProcess {
  return spawn(process.execPath, [MAIN, ...args], {
    cwd: where.cwd ?? tmpdir(),
    env: where.databaseUrl === undefined ? {} : { DATABASE_URL: where.databaseUrl },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}
