import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { identify, isRunning } from './process-identity.ts';
import { createRunFolder, recordElsewhere, recordProcess, sweepRunFolders } from './run-folder.ts';

let root: string;
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'bursar-run-'));
});
after(() => rm(root, { recursive: true, force: true }));

test('the folder of a process that still runs is left alone', async () => {
  const folder = await createRunFolder(root);
  assert.equal(await sweepRunFolders(root), 0);
  assert.deepEqual(await readdir(join(root, 'run')), [folder.split('/').at(-1)]);
  await rm(folder, { recursive: true });
});

test('a folder whose owner is gone is swept with its processes and what it keeps elsewhere', async () => {
  const elsewhere = await mkdtemp(join(tmpdir(), 'bursar-elsewhere-'));
  const folder = await abandonedFolder();
  const server = await sleeper();
  const ended = once(server, 'exit');
  await recordProcess(folder, 'postgres', server.pid!);
  await recordElsewhere(folder, elsewhere);
  assert.equal(await sweepRunFolders(root), 1);
  await ended;
  assert.deepEqual(await readdir(join(root, 'run')), []);
  await assert.rejects(readdir(elsewhere), { code: 'ENOENT' });
});

test('a process that only has the pid of one of ours is not ended', async () => {
  const stranger = await sleeper();
  const folder = await abandonedFolder();
  await writeFile(
    join(folder, 'kafka.process.json'),
    JSON.stringify({ pid: stranger.pid, began: 'before the last boot' }),
  );
  assert.equal(await sweepRunFolders(root), 1);
  assert.notEqual(await identify(stranger.pid!), undefined);
  stranger.kill('SIGKILL');
});

test('a process has ended when its pid belongs to another one', async () => {
  const mine = (await identify(process.pid))!;
  assert.equal(await isRunning(mine), true);
  assert.equal(await isRunning({ ...mine, began: 'at another time' }), false);
});

/** As a crash leaves it: signed by an owner that no longer runs. */
async function abandonedFolder(): Promise<string> {
  const owner = await sleeper();
  const folder = join(root, 'run', `${owner.pid}-crashed`);
  await mkdir(folder, { recursive: true });
  await recordProcess(folder, 'owner', owner.pid!);
  owner.kill('SIGKILL');
  await once(owner, 'exit');
  return folder;
}

async function sleeper() {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  await once(child, 'spawn');
  return child;
}
