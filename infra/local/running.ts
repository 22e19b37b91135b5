import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What runs now, for the command line and the tests: `<repo>/.bursar/running.json`, readable by its owner only. */
export type Running = {
  readonly kind: 'stack' | 'start';
  readonly pid: number;
  readonly kafkaBrokers: string;
  readonly databaseUrl: string;
  readonly startedAt: string;
};

export async function writeRunning(root: string, running: Running): Promise<void> {
  await mkdir(root, { recursive: true });
  const unfinished = join(root, `running.json.${process.pid}`);
  await writeFile(unfinished, `${JSON.stringify(running, null, 2)}\n`, { mode: 0o600 });
  await rename(unfinished, join(root, 'running.json'));
}

/** Removes the file unless another process has written it since. */
export async function removeRunning(root: string, pid: number = process.pid): Promise<void> {
  if ((await readRunning(root))?.pid === pid) await rm(join(root, 'running.json'), { force: true });
}

/** What the file says; undefined when there is none or when it cannot be read. Whether the process lives is not checked. */
export async function readRunning(root: string): Promise<Running | undefined> {
  try {
    return JSON.parse(await readFile(join(root, 'running.json'), 'utf8')) as Running;
  } catch {
    return undefined;
  }
}
