import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { clusterId, createTopics } from '@bursar/bus/admin';
import { withClient } from './postgres/client.ts';
import { isRunning, type ProcessIdentity, waitUntilGone } from './process-identity.ts';
import { sweepRunFolders } from './run-folder.ts';
import { type Stack, type StackOptions, startStack } from './start-stack.ts';

const REPOSITORY_ROOT = fileURLToPath(new URL('../../.bursar', import.meta.url));
const quiet = () => {};
let root: string;

before(async () => {
  root = await temporaryRoot();
});
after(() => rm(root, { recursive: true, force: true }));

test('two stacks at once are two real clusters, and closing one leaves nothing of it and all of the other', async () => {
  const stacks = await Promise.all([
    startStack({ root, say: quiet, docker: 'never' }),
    startStack({ root, say: quiet, docker: 'never', durable: false }),
  ]);
  const processes = await processesOf(root);
  assert.equal(processes.length, 8, 'owner, keeper, kafka and postgres, twice');
  for (const { kafka, postgres } of stacks) {
    assert.match(kafka.version, /^4\.3\.\d+$/);
    assert.match(postgres.version, /^18\.\d+$/);
    assert.deepEqual([kafka.how, postgres.how], ['local', 'local']);
  }
  const ids = await Promise.all(stacks.map(({ kafka }) => clusterId(settings(kafka.brokers))));
  assert.notEqual(ids[0], ids[1]);

  await stacks[0].close();
  await assert.rejects(reach(stacks[0].kafka.brokers));
  await assertUsable(stacks[1]);
  await stacks[1].close();
  await assertGone(processes);
  assert.deepEqual(await readdir(join(root, 'run')), []);
});

test('a stack ends with the process that started it, even by SIGKILL', async () => {
  const { parent, processes } = await startInAnotherProcess(root);
  parent.kill('SIGKILL');
  await assertGone(processes);
  assert.deepEqual(await emptied(join(root, 'run')), []);
});

test('what is left when the keeper dies too is cleaned by the next start', async () => {
  await using broker = await listener();
  const { parent, processes } = await startInAnotherProcess(root, { kafkaBrokers: broker.address });
  const [keeper, owner, postgres] = ['keeper', 'owner', 'postgres'].map(
    (name) => processes.find((one) => one.name === name)!,
  );
  // The keeper first, or it would tidy up after its parent.
  process.kill(keeper!.pid, 'SIGKILL');
  parent.kill('SIGKILL');
  await assertGone([keeper!, owner!]);
  assert.equal(await isRunning(postgres!), true);

  assert.equal(await sweepRunFolders(root), 1);
  await assertGone(processes);
  assert.deepEqual(await readdir(join(root, 'run')), []);
});

test('a root folder that only its owner may enter works too, also for root, and nothing is left elsewhere', async () => {
  const closed = await mkdtemp(join(tmpdir(), 'bursar-closed-'));
  await chmod(closed, 0o700);
  await using broker = await listener();
  const earlier = await postgresFoldersElsewhere();
  const stack = await startStack({
    root: closed,
    say: quiet,
    docker: 'never',
    given: { kafkaBrokers: broker.address },
  });
  assert.match(stack.postgres.version, /^18\./);
  await stack.close();
  assert.deepEqual(await postgresFoldersElsewhere(), earlier);
  await rm(closed, { recursive: true });
});

test('given servers that do not answer are named in one error, with the variable to change', async () => {
  const given = { kafkaBrokers: '127.0.0.1:1', databaseUrl: 'postgres://postgres@127.0.0.1:1/x' };
  await assert.rejects(startStack({ root, say: quiet, docker: 'never', given }), (error: Error) => {
    assert.match(error.message, /KAFKA_BROKERS answers \(127\.0\.0\.1:1: /);
    assert.match(error.message, /DATABASE_URL does not answer/);
    return true;
  });
});

/** A root of its own, with the repository's cache: the jars are not downloaded again. */
async function temporaryRoot(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bursar-stack-'));
  await chmod(folder, 0o755);
  await mkdir(join(REPOSITORY_ROOT, 'cache'), { recursive: true });
  await symlink(join(REPOSITORY_ROOT, 'cache'), join(folder, 'cache'));
  return folder;
}

async function startInAnotherProcess(
  folder: string,
  given: StackOptions['given'] = {},
): Promise<{ parent: ChildProcess; processes: Recorded[] }> {
  const module = new URL('start-stack.ts', import.meta.url).href;
  const code = `const { startStack } = await import(${JSON.stringify(module)});
    await startStack({ ...${JSON.stringify({ root: folder, docker: 'never', given })}, say: () => {} });
    process.stdout.write('up');`;
  const parent = spawn(process.execPath, ['--input-type=module', '--eval', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [text] = await Promise.race([once(parent.stdout, 'data'), once(parent, 'exit')]);
  assert.equal(String(text), 'up');
  return { parent, processes: await processesOf(folder) };
}

type Recorded = ProcessIdentity & { readonly name: string };

async function processesOf(folder: string): Promise<Recorded[]> {
  const found: Recorded[] = [];
  for (const run of await readdir(join(folder, 'run'))) {
    for (const file of await readdir(join(folder, 'run', run))) {
      const name = /^(.+)\.process\.json$/.exec(file)?.[1];
      if (name) found.push({ name, ...JSON.parse(await readFile(join(folder, 'run', run, file), 'utf8')) });
    }
  }
  return found;
}

async function assertGone(processes: readonly Recorded[]): Promise<void> {
  for (const one of processes) {
    if (one.pid === process.pid) continue;
    assert.equal(await waitUntilGone(one, 10_000), true, `${one.name} still runs`);
  }
}

async function assertUsable({ kafka, postgres }: Stack): Promise<void> {
  await createTopics(settings(kafka.brokers), [
    { name: 'proof', partitions: 1, retentionMs: 60_000, cleanup: 'delete' },
  ]);
  const { rows } = await withClient(postgres.url, (client) => client.query('select current_database() as name'));
  assert.deepEqual(rows, [{ name: 'bursar' }]);
}

function settings(brokers: string) {
  return { brokers: [brokers], clientId: 'start-stack-test' };
}

async function reach(broker: string): Promise<void> {
  const socket = connect({ host: '127.0.0.1', port: Number(broker.split(':')[1]) });
  await once(socket, 'connect').finally(() => socket.destroy());
}

async function listener(): Promise<{ address: string } & AsyncDisposable> {
  const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => void server.close(),
  };
}

async function emptied(folder: string): Promise<string[]> {
  for (let tries = 0; tries < 100 && (await readdir(folder)).length > 0; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return await readdir(folder);
}

async function postgresFoldersElsewhere(): Promise<string[]> {
  return (await readdir(tmpdir())).filter((name) => name.startsWith('bursar-postgres-'));
}
