import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { bareEnvironment } from './config.ts';
import { eventually } from './eventually.ts';
import { freePorts } from './free-port.ts';
import { REPOSITORY } from './repository.ts';

export type Ending = { readonly code: number | null; readonly signal: NodeJS.Signals | null };
export type ServiceProcess = {
  readonly pid: number;
  /** `/livez`, `/readyz` and `/metrics` are below it. */
  readonly healthUrl: string;
  /** Everything it has written so far, stdout and stderr. */
  log(): string;
  /** Also hands everything that it writes from now on to `listener`. */
  onOutput(listener: (chunk: Buffer) => void): void;
  /** Waits until `/readyz` answers 200; throws with the end of the log when the process ends first. */
  ready(timeoutMs?: number): Promise<void>;
  /** Sends the signal (SIGSTOP and SIGCONT too). */
  signal(signal: NodeJS.Signals): void;
  /** Sends the signal and waits for the end. */
  kill(signal?: NodeJS.Signals): Promise<Ending>;
  readonly ended: Promise<Ending>;
} & AsyncDisposable;

/** What Node made of the sources: without it each process loads a compiler of 28 MiB and takes twice as long to load. */
const COMPILED = join(REPOSITORY, '.bursar', 'compiled');
/** MiB for what lives no longer than a batch: with less Node stops more often, and the slowest events wait for it. */
const ROOM_FOR_THE_YOUNG = '--max-semi-space-size=32';
const alive = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

/**
 * Starts a service as the process that it is in production: `startService('services/aggregator/main.ts', { … })`.
 * It sees only the given environment; it never outlives this process, however that ends.
 */
export async function startService(main: string, env: Record<string, string> = {}): Promise<ServiceProcess> {
  const [port] = await freePorts(1);
  const healthUrl = `http://127.0.0.1:${port}`;
  const child = fork(join(REPOSITORY, main), [], {
    cwd: REPOSITORY,
    env: { ...bareEnvironment(), NODE_COMPILE_CACHE: COMPILED, HEALTH_PORT: String(port), ...env },
    execArgv: [ROOM_FOR_THE_YOUNG, '--import', new URL('end-with-parent.ts', import.meta.url).href],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  alive.add(child);
  let log = '';
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (chunk) => (log += chunk));
  const ended = once(child, 'close').then(([code, signal]): Ending => {
    alive.delete(child);
    return { code, signal };
  });
  const kill = async (signal: NodeJS.Signals = 'SIGKILL') => {
    child.kill(signal);
    return await ended;
  };
  return {
    pid: child.pid!,
    healthUrl,
    log: () => log,
    onOutput(listener) {
      for (const stream of [child.stdout!, child.stderr!]) stream.on('data', listener);
    },
    ready: (timeoutMs) => ready(main, child, healthUrl, () => log, timeoutMs),
    signal: (signal) => void child.kill(signal),
    kill,
    ended,
    async [Symbol.asyncDispose]() {
      await kill('SIGKILL');
    },
  };
}

async function ready(
  main: string,
  child: ChildProcess,
  url: string,
  log: () => string,
  timeoutMs = 30_000,
): Promise<void> {
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  const answer = async () => {
    if (hasEnded()) return 'ended';
    const response = await fetch(`${url}/readyz`);
    if (response.status !== 200) throw new Error(`${response.status} ${(await response.text()).trim()}`);
    return 'ready';
  };
  const outcome = await eventually(`${main} is ready`, answer, timeoutMs).catch((error: Error) => {
    throw new Error(`${error.message}\n${tail(log())}`, { cause: error });
  });
  if (outcome === 'ended') throw new Error(`${main} ended before it was ready\n${tail(log())}`);
}

function tail(log: string): string {
  return log.trim().split('\n').slice(-30).join('\n');
}
