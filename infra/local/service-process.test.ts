import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, before, test } from 'node:test';
import { identify, waitUntilGone } from './process-identity.ts';
import { REPOSITORY } from './repository.ts';
import { startService } from './service-process.ts';

// A stand-in with the two things that the harness knows of a service: HEALTH_PORT and /readyz.
const SERVICE = `
  import { createServer } from 'node:http';
  console.log('hello from ' + process.env.GREETING);
  process.on('SIGTERM', () => process.exit(7));
  createServer((_, response) => response.writeHead(200).end()).listen(Number(process.env.HEALTH_PORT), '127.0.0.1');`;

let folder: string;
let service: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bursar-service-'));
  service = await script('service.mjs', SERVICE);
});
after(() => rm(folder, { recursive: true, force: true }));

test('a service is started, becomes ready, is ended by a signal, and its log and exit code are known', async () => {
  await using running = await startService(service, { GREETING: 'the test' });
  await running.ready();
  assert.match(running.log(), /hello from the test/);
  assert.deepEqual(await running.kill('SIGTERM'), { code: 7, signal: null });
});

test('a service that ends before it is ready fails at once, with what it wrote', async () => {
  await using broken = await startService(await script('broken.mjs', `throw new Error('no database here')`));
  await assert.rejects(broken.ready(), /ended before it was ready.*no database here/s);
});

test('a service does not survive the end of its scope', async () => {
  let pid: number;
  {
    await using running = await startService(service);
    pid = running.pid;
  }
  assert.equal(await identify(pid), undefined);
});

test('a service does not survive a test that is killed', async () => {
  const module = new URL('service-process.ts', import.meta.url).href;
  const code = `const { startService } = await import(${JSON.stringify(module)});
    const service = await startService(${JSON.stringify(service)});
    await service.ready();
    process.stdout.write(String(service.pid));`;
  const killed = spawn(process.execPath, ['--input-type=module', '--eval', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [pid] = await once(killed.stdout, 'data');
  const identity = (await identify(Number(pid)))!;
  killed.kill('SIGKILL');
  assert.equal(await waitUntilGone(identity, 5_000), true);
});

async function script(name: string, text: string): Promise<string> {
  await writeFile(join(folder, name), text);
  return relative(REPOSITORY, join(folder, name));
}
