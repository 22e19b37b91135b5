import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Ending, type ServiceProcess, startService } from '../../infra/local/service-process.ts';

const RESTART_AFTER_MS = 1_000;

/** An end that nobody asked for: what a real supervisor would have logged. */
export type UnaskedEnd = { readonly name: string; readonly ending: Ending; readonly lastWords: string };

/** Keeps services running as the supervisor of an installation does: whatever ends is started again. */
export type Supervisor = {
  readonly unaskedEnds: readonly UnaskedEnd[];
  /** Starts a service under a name and waits until it is ready. */
  run(name: string, main: string, env: Record<string, string>): Promise<void>;
  /** SIGKILL; the service is started again a second later. Returns the pid, undefined when it is down just now. */
  kill(name: string): number | undefined;
  process(name: string): ServiceProcess | undefined;
  /** Ends all with SIGTERM and tells which of them did not end with code 0. */
  drain(): Promise<string[]>;
} & AsyncDisposable;

/** What the services write goes to `<name>.log` in the folder. */
export function createSupervisor(logFolder: string, onUnaskedEnd: (end: UnaskedEnd) => void): Supervisor {
  const running = new Map<string, ServiceProcess>();
  const asked = new Set<number>();
  const unaskedEnds: UnaskedEnd[] = [];
  let closing = false;

  async function start(name: string, main: string, env: Record<string, string>): Promise<ServiceProcess> {
    const service = await startService(main, env);
    running.set(name, service);
    const log = createWriteStream(join(logFolder, `${name}.log`), { flags: 'a' });
    service.onOutput((chunk) => void log.write(chunk));
    void service.ended.then(async (ending) => {
      running.delete(name);
      log.end();
      if (closing) return;
      if (!asked.has(service.pid)) {
        const end = { name, ending, lastWords: lastWords(service.log()) };
        unaskedEnds.push(end);
        onUnaskedEnd(end);
      }
      await sleep(RESTART_AFTER_MS);
      if (!closing) await start(name, main, env);
    });
    return service;
  }

  async function drain(): Promise<string[]> {
    closing = true;
    const endings = await Promise.all(
      [...running].map(async ([name, service]) => ({ name, ending: await service.kill('SIGTERM') })),
    );
    return endings.filter(({ ending }) => ending.code !== 0).map(({ name, ending }) => `${name}: ${describe(ending)}`);
  }

  return {
    unaskedEnds,
    async run(name, main, env) {
      await (await start(name, main, env)).ready(60_000);
    },
    kill(name) {
      const service = running.get(name);
      if (service === undefined) return undefined;
      asked.add(service.pid);
      service.signal('SIGKILL');
      return service.pid;
    },
    process: (name) => running.get(name),
    drain,
    async [Symbol.asyncDispose]() {
      closing = true;
      await Promise.all([...running.values()].map((service) => service.kill('SIGKILL')));
    },
  };
}

/** The last line of a log with its error, without the stack. */
function lastWords(log: string): string {
  const line = log.trim().split('\n').at(-1) ?? '';
  try {
    const { msg, err } = JSON.parse(line) as { msg: string; err?: { message: string; stack?: string } };
    const where = err?.stack?.split('\n').find((frame) => /packages|services/.test(frame)) ?? '';
    return [msg, err?.message, where.trim()].filter(Boolean).join('; ');
  } catch {
    return line;
  }
}

export function describe({ code, signal }: Ending): string {
  return signal ? `signal ${signal}` : `exit code ${code}`;
}
