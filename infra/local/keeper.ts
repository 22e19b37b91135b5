/**
 * A process of its own between a stack and its servers. It ends the servers and removes the run folder when the
 * connection to its parent closes, and that happens on `close()` as well as on Ctrl-C, a crash or a SIGKILL of the parent.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { join } from 'node:path';
import { recordProcess, removeRunFolder, type StopSignal } from './run-folder.ts';

export type ServerSpec = {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly stopSignal: StopSignal;
  readonly runAs?: { readonly uid: number; readonly gid: number };
};
/** What keep.ts asks of the keeper: to start a server, or to send one that runs a signal. */
export type KeeperOrder = { readonly start: ServerSpec } | { readonly end: string; readonly signal: NodeJS.Signals };
export type KeeperMessage = { readonly name: string; readonly event: 'started' | 'ended'; readonly detail: string };

const STOP_GRACE_MS = 5_000;
const folder = process.argv[2];
if (folder === undefined || process.send === undefined) throw new Error('keeper.ts is started by keep.ts only');
/** By name; a server that was started again takes the place of the one that ended. */
const servers = new Map<string, { spec: ServerSpec; child: ChildProcess; ended: Promise<void> }>();

process.on('message', (order: KeeperOrder) => {
  if ('start' in order) start(order.start);
  else servers.get(order.end)?.child.kill(order.signal);
});
process.on('disconnect', () => stopAll(folder));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.disconnect?.());
await recordProcess(folder, 'keeper', process.pid);

function start(spec: ServerSpec): void {
  const log = openSync(join(folder!, `${spec.name}.log`), 'a');
  const child = spawn(spec.command, spec.args, {
    cwd: spec.cwd,
    env: spec.env,
    stdio: ['ignore', log, log],
    ...(spec.runAs ?? {}),
  });
  const ended = new Promise<void>((resolve) => {
    child.once('error', (error) => resolve(tell({ name: spec.name, event: 'ended', detail: error.message })));
    child.once('exit', (code, signal) =>
      resolve(tell({ name: spec.name, event: 'ended', detail: signal ? `signal ${signal}` : `exit code ${code}` })),
    );
  });
  servers.set(spec.name, { spec, child, ended });
  const { pid } = child;
  if (pid === undefined) return;
  recordProcess(folder!, spec.name, pid, spec.stopSignal).then(() =>
    tell({ name: spec.name, event: 'started', detail: String(pid) }),
  );
}

function tell(message: KeeperMessage): void {
  if (process.connected) process.send?.(message, () => {});
}

async function stopAll(runFolder: string): Promise<void> {
  await Promise.all(
    [...servers.values()].map(async ({ spec, child, ended }) => {
      child.kill(spec.stopSignal);
      const hardStop = setTimeout(() => child.kill('SIGKILL'), STOP_GRACE_MS);
      await ended;
      clearTimeout(hardStop);
    }),
  );
  await removeRunFolder(runFolder);
  process.exit(0);
}
