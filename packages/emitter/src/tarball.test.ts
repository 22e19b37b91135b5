import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { MESSAGE, type MessagesServer, sendJson, startMessagesServer } from '../test/messages-server.ts';
import { makeTarball } from '../tools/make-tarball.ts';

const run = promisify(execFile);
const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
let service: string;
let server: MessagesServer;

/** A folder as `npm install bursar-emitter-….tgz @anthropic-ai/sdk` leaves it. */
before(async () => {
  service = await mkdtemp(join(tmpdir(), 'bursar-service-'));
  server = await startMessagesServer((response) => sendJson(response, MESSAGE));
  const tarball = await makeTarball(service);
  const installed = join(service, 'node_modules/@bursar/emitter');
  await mkdir(installed, { recursive: true });
  await mkdir(join(service, 'node_modules/@anthropic-ai'));
  await run('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1']);
  await symlink(at('../node_modules/@anthropic-ai/sdk'), join(service, 'node_modules/@anthropic-ai/sdk'));
});
after(async () => {
  await server.stop();
  await rm(service, { recursive: true, force: true });
});

it('meters calls of a service in plain JavaScript that has nothing else installed', async () => {
  const program = `
    import Anthropic from '@anthropic-ai/sdk';
    import { bursar, createMeter } from '@bursar/emitter';
    const meter = createMeter({ service: 'search', role: 'USER', kafka: { brokers: ['127.0.0.1:1'] } });
    const client = meter.wrap(new Anthropic({ apiKey: 'none', baseURL: process.argv[2] }));
    const params = { model: 'claude-haiku-5-5', max_tokens: 9, messages: [{ role: 'user', content: 'Hi' }] };
    await client.messages.create(params, bursar({ principal: 'u-1' }));
    await meter.close(1);
    console.log(JSON.stringify(meter.stats()));`;
  const commonJs = program
    .replaceAll(/import (.+) from (.+);/g, 'const $1 = require($2);')
    .replace('const Anthropic', 'const { Anthropic }');
  await writeFile(join(service, 'main.mjs'), program);
  await writeFile(join(service, 'main.cjs'), `(async () => {${commonJs}})();`);
  for (const main of ['main.mjs', 'main.cjs']) {
    const { stdout, stderr } = await run(process.execPath, [main, server.url], { cwd: service });
    assert.equal(stderr, '');
    assert.equal(JSON.parse(stdout).recorded, 1);
  }
});

it('has types that accept right use and refuse wrong use', async () => {
  const program = `
    import Anthropic from '@anthropic-ai/sdk';
    import { bursar, createMeter, type Meter, type MeterStats } from '@bursar/emitter';
    const meter: Meter = createMeter({ service: 'search', role: 'USER', kafka: { brokers: ['127.0.0.1:1'] } });
    const client: Anthropic = meter.wrap(new Anthropic({ middleware: [meter.middleware] }));
    const answer: Promise<number> = meter.run({ principal: 'u-1', tags: { a: 'b' } }, async () => 1);
    const stats: MeterStats = meter.stats();
    const params = { model: 'claude-haiku-5-5', max_tokens: 9, messages: [] };
    export const all = [answer, stats.pending, client.messages.create(params, { ...bursar({ role: 'A' }), timeout: 1 })];
    // @ts-expect-error: a number is no service
    createMeter({ service: 1, role: 'USER', kafka: { brokers: [] } });
    // @ts-expect-error: a role is a text
    bursar({ role: 7 });`;
  for (const main of ['main.mts', 'main.cts']) await writeFile(join(service, main), program);
  const flags = ['--noEmit', '--strict', '--module', 'nodenext', '--skipLibCheck', '--types', 'node'];
  const types = ['--typeRoots', at('../../../node_modules/@types')];
  const check = run(at('../../../node_modules/.bin/tsc'), [...flags, ...types, 'main.mts', 'main.cts'], {
    cwd: service,
  });
  const { stdout } = await check.catch((error: { stdout: string }) => error);
  assert.equal(stdout, '');
});
