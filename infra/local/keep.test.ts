import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startKeeper } from './keep.ts';
import { identify } from './process-identity.ts';
import { createRunFolder } from './run-folder.ts';

const SERVER = `console.log('server ' + process.pid); setInterval(() => {}, 1000)`;

test('a server that is restarted is another process with the same log, and both are gone when the keeper closes', async () => {
  await using onExit = new AsyncDisposableStack();
  const root = await mkdtemp(join(tmpdir(), 'bursar-keep-'));
  onExit.defer(() => rm(root, { recursive: true, force: true }));
  const keeper = startKeeper(await createRunFolder(root));
  const pids = (log: string) => [...log.matchAll(/server (\d+)/g)].map(([, pid]) => Number(pid));
  await keeper.start({
    name: 'server',
    command: process.execPath,
    args: ['-e', SERVER],
    cwd: root,
    env: {},
    stopSignal: 'SIGKILL',
  });
  await keeper.waitFor('server', (log) => pids(log)[0]);
  await keeper.restart('server', 'SIGTERM');
  const [first, second] = await keeper.waitFor('server', (log) => (pids(log).length === 2 ? pids(log) : undefined));
  assert.notEqual(first, second);
  assert.equal(await identify(first!), undefined);
  assert.ok(await identify(second!));
  await assert.rejects(keeper.restart('nobody', 'SIGTERM'), /nobody was never started/);
  await keeper.close();
  assert.equal(await identify(second!), undefined);
});
