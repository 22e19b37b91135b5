import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ScriptedPart } from './scripted-service.ts';

const SCRIPT = fileURLToPath(new URL('./scripted-service.ts', import.meta.url));

export type LogLine = {
  level: string;
  msg: string;
  step?: string;
  healthUrl?: string;
  hung?: string[];
  [key: string]: unknown;
};
export type Ended = { code: number | null; stdout: string; stderr: string; lines: LogLine[]; steps: string[] };
export type ChildService = {
  kill(signal: NodeJS.Signals): void;
  /** Resolves with the first log line that `matches`; rejects when the process ends without one. */
  saw(matches: (line: LogLine) => boolean): Promise<LogLine>;
  healthUrl(): Promise<string>;
  ended: Promise<Ended>;
};

/** Runs the scripted service as a process of its own, with nothing but `env` in its environment. */
export function spawnService(
  parts: ScriptedPart[],
  argv: string[] = [],
  env: Record<string, string> = {},
): ChildService {
  const arguments_ = [SCRIPT, '--parts', JSON.stringify(parts), ...argv];
  // A test that fails before it ends its child must not wait for it for ever.
  const child = spawn(process.execPath, arguments_, { env, timeout: 20_000, killSignal: 'SIGKILL' });
  const closed = once(child, 'close');
  const lines: LogLine[] = [];
  const watchers = new Set<() => void>();
  let stdout = '';
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    stdout += `${line}\n`;
    if (line.startsWith('{')) lines.push(JSON.parse(line));
    for (const look of watchers) look();
  });
  const ended = closed.then(([code]) => ({
    code,
    stdout,
    stderr,
    lines,
    steps: lines.flatMap(({ step }) => step ?? []),
  }));
  const saw = (matches: (line: LogLine) => boolean) =>
    new Promise<LogLine>((resolve, reject) => {
      const look = () => {
        const found = lines.find(matches);
        if (found) resolve(found);
      };
      watchers.add(look);
      look();
      void closed.then(() => reject(new Error(`ended without that line:\n${stdout}${stderr}`)));
    });
  const healthUrl = async () => (await saw((line) => line.healthUrl !== undefined)).healthUrl as string;
  return { kill: (signal) => void child.kill(signal), saw, healthUrl, ended };
}
