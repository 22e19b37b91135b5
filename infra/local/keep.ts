import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from './eventually.ts';
import type { KeeperMessage, KeeperOrder, ServerSpec } from './keeper.ts';
import { lastLines } from './run-program.ts';

export type Keeper = {
  readonly folder: string;
  /** Starts a server; resolves when its process exists. It logs to `<name>.log` in the run folder. */
  start(spec: ServerSpec): Promise<void>;
  /** Ends a server with the signal and starts it again as it was, on its data; resolves when the new process exists. */
  restart(name: string, signal: NodeJS.Signals): Promise<void>;
  /** Calls `check` until it returns something; throws with the end of the server's log when the server ends before. */
  waitFor<T>(name: string, check: (log: string) => Promise<T | undefined> | T | undefined): Promise<T>;
  /** Ends every server and removes the run folder. */
  close(): Promise<void>;
};

const START_TIMEOUT_MS = 60_000;

/** Starts the keeper of a run folder (see keeper.ts). */
export function startKeeper(folder: string): Keeper {
  // Detached: a Ctrl-C in the terminal reaches our services, which drain while Kafka and PostgreSQL are still there.
  const child = fork(fileURLToPath(new URL('keeper.ts', import.meta.url)), [folder], {
    detached: true,
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const exited = once(child, 'exit');
  const specs = new Map<string, ServerSpec>();
  const started = new Set<string>();
  const ended = new Map<string, string>();
  child.on('message', ({ name, event, detail }: KeeperMessage) => {
    if (event === 'started') started.add(name);
    else ended.set(name, detail);
  });
  const order = (message: KeeperOrder) => child.send(message);
  exited.then(() => ended.set('keeper', 'its keeper ended'));

  async function waitFor<T>(name: string, check: (log: string) => Promise<T | undefined> | T | undefined): Promise<T> {
    const deadline = performance.now() + START_TIMEOUT_MS;
    const logFile = join(folder, `${name}.log`);
    for (;;) {
      const log = await readFile(logFile, 'utf8').catch(() => '');
      const found = await check(log);
      if (found !== undefined) return found;
      const end = ended.get(name) ?? ended.get('keeper');
      if (end !== undefined) throw new Error(`${name} ended while it was starting (${end})${lastLines(log)}`);
      if (performance.now() > deadline) throw new Error(`${name} was not ready after 60 s${lastLines(log)}`);
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  }

  async function start(spec: ServerSpec): Promise<void> {
    specs.set(spec.name, spec);
    started.delete(spec.name);
    ended.delete(spec.name);
    order({ start: spec });
    await waitFor(spec.name, () => started.has(spec.name) || undefined);
  }

  async function restart(name: string, signal: NodeJS.Signals): Promise<void> {
    const spec = specs.get(name);
    if (spec === undefined) throw new Error(`${name} was never started, so it can't be restarted`);
    order({ end: name, signal });
    await eventually(`${name} has ended`, () => ended.has(name), START_TIMEOUT_MS);
    await start(spec);
  }

  return {
    folder,
    start,
    restart,
    waitFor,
    async close() {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}
