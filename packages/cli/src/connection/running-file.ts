import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';

const runningFile = z.object({
  kind: z.enum(['start', 'stack']),
  pid: z.int().positive(),
  kafkaBrokers: z.string(),
  databaseUrl: z.string(),
  emulatorUrl: z.string().optional(),
  startedAt: z.string(),
});

export type Running = z.output<typeof runningFile>;

/**
 * What a local `pnpm start` or `pnpm stack` left in `.bursar/running.json` in one of the folders or above it, the
 * nearest first. A file whose process has ended, or that can't be read, is told to `ignored` and passed over.
 */
export function findRunning(folders: readonly string[], ignored: (line: string) => void): Running | undefined {
  for (const path of new Set(folders.flatMap(candidates))) {
    const text = readIfThere(path);
    if (text === undefined) continue;
    const running = parse(text);
    if (running === undefined) ignored(`${path} is ignored: it is not a complete record of a running Bursar.`);
    else if (isAlive(running.pid)) return running;
    else ignored(`${path} is ignored: its process ${running.pid} (pnpm ${running.kind}) has ended.`);
  }
  return undefined;
}

function candidates(folder: string): string[] {
  const here = join(folder, '.bursar', 'running.json');
  const parent = dirname(folder);
  return parent === folder ? [here] : [here, ...candidates(parent)];
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function parse(text: string): Running | undefined {
  try {
    return runningFile.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives and belongs to somebody else.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
