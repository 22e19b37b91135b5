import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anthropic-emulator-'));
});
after(() => rm(folder, { recursive: true }));

function run(environment: Record<string, string>) {
  const main = join(import.meta.dirname, 'main.ts');
  const child = spawn(process.execPath, [main], { env: { ...process.env, EMULATOR_PORT: '0', ...environment } });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (text) => (output.stdout += text));
  child.stderr.on('data', (text) => (output.stderr += text));
  return { child, output, ended: once(child, 'close') };
}

test('as a process it hands its secrets over in files, prints none, and ends on SIGTERM', async () => {
  const seedFile = join(folder, 'seed.json');
  const secrets = join(folder, 'secrets');
  await writeFile(seedFile, JSON.stringify({ workspaces: [], apiKeys: [{ name: 'a/b', workspace: 'Default' }] }));
  const { child, output, ended } = run({ EMULATOR_SEED_FILE: seedFile, EMULATOR_SECRETS_DIR: secrets });
  while (!output.stdout.includes('\n')) await once(child.stdout, 'data');

  assert.deepEqual(await readdir(join(secrets, 'keys')), ['a%2Fb']);
  const adminKeyFile = join(secrets, 'admin-key');
  assert.equal((await stat(adminKeyFile)).mode & 0o777, 0o600);
  const baseURL = output.stdout.match(/http:\S+/)?.[0] ?? '';
  const admin = new Anthropic({ baseURL, apiKey: await readFile(adminKeyFile, 'utf8') });
  assert.equal((await admin.organization.apiKeys.list()).data[0]?.name, 'a/b');
  const apiKey = await readFile(join(secrets, 'keys', 'a%2Fb'), 'utf8');
  const messages = [{ role: 'user' as const, content: 'Hello' }];
  await new Anthropic({ baseURL, apiKey }).messages.create({ model: 'claude-haiku-5-5', max_tokens: 5, messages });

  child.kill('SIGTERM');
  assert.deepEqual(await ended, [0, null]);
  assert.doesNotMatch(output.stdout + output.stderr, /sk-ant-/);
});

test('a setting or seed that cannot be used is named, without a stack trace', async () => {
  const brokenSeed = join(folder, 'broken.json');
  await writeFile(brokenSeed, '{"workspaces": [], "apiKeys": [{"name": "x"}]}');
  for (const [environment, message] of [
    [{ EMULATOR_PORT: 'eighty' }, /EMULATOR_PORT/],
    [{ EMULATOR_SEED_FILE: brokenSeed }, /broken\.json is not a seed[\s\S]*apiKeys\[0\]\.workspace/],
    [{ EMULATOR_SEED_FILE: join(folder, 'none.json') }, /none\.json cannot be read/],
  ] as const) {
    const { output, ended } = run(environment);
    assert.deepEqual(await ended, [1, null]);
    assert.match(output.stderr, message);
    assert.doesNotMatch(output.stderr, /\n\s+at /);
  }
});
