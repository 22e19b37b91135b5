import { spawn } from 'node:child_process';

export type ProgramOptions = {
  readonly cwd?: string;
  readonly env?: Record<string, string>;
  readonly runAs?: { readonly uid: number; readonly gid: number };
  readonly onOutput?: (text: string) => void;
};

/**
 * Runs a program to its end and returns everything it printed, stdout and stderr together.
 * Throws `ProgramError` when it does not exist (`missing`) or ends with anything but 0.
 */
export async function runProgram(command: string, args: string[], options: ProgramOptions = {}): Promise<string> {
  const { cwd, env, runAs, onOutput } = options;
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(cwd ? { cwd } : {}),
    ...(env ? { env } : {}),
    ...(runAs ?? {}),
  });
  let output = '';
  const keep = (chunk: Buffer) => {
    output += chunk.toString('utf8');
    onOutput?.(chunk.toString('utf8'));
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  return await new Promise((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      reject(new ProgramError(`cannot run ${command}: ${error.message}`, error.code === 'ENOENT'));
    });
    child.once('close', (code, signal) => {
      if (code === 0) resolve(output);
      else
        reject(new ProgramError(`${command} ended with ${signal ?? `exit code ${code}`}${lastLines(output)}`, false));
    });
  });
}

export class ProgramError extends Error {
  override readonly name = 'ProgramError';
  readonly missing: boolean;
  constructor(message: string, missing: boolean) {
    super(message);
    this.missing = missing;
  }
}

/** The end of a program's output, indented, ready to follow an error message; empty output says so. */
export function lastLines(output: string): string {
  const lines = output.trim().split('\n').slice(-12);
  return output.trim() ? `:\n  ${lines.join('\n  ')}` : ' and printed nothing';
}
