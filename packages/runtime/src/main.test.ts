import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { spawnService } from '../test/child-service.ts';
import { fakeKey } from '../test/fake-key.ts';

describe('the main of a service', { concurrency: 4 }, () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'runtime-main-'));
  });
  after(() => rm(folder, { recursive: true }));

  it('prints every problem of the configuration to standard error and ends with code 2', async () => {
    const argv = ['--health-port', 'http', '--drain-timeout-ms', 'soon', '--colour', 'red'];
    const { code, stdout, stderr } = await spawnService([], argv, { LOG_LEVEL: 'loud' }).ended;
    assert.equal(code, 2);
    assert.equal(stdout, '');
    for (const expected of ['HEALTH_PORT', 'DRAIN_TIMEOUT', '--colour', 'LOG_LEVEL'])
      assert.ok(stderr.includes(expected), stderr);
    assert.doesNotMatch(stderr, /^\s+at /m);
  });

  it('shows the values in force with their origin but no secret for --check-config, and exits 0', async () => {
    const key = fakeKey();
    const keyFile = join(folder, 'key');
    await writeFile(keyFile, `${key}\n`);
    const envFile = join(folder, 'service.env');
    await writeFile(envFile, 'DRAIN_TIMEOUT=5s\nHEALTH_PORT=1\n');
    const argv = ['--check-config', '--env-file', envFile, '--health-port', '9'];
    const { code, stdout, stderr } = await spawnService([], argv, { API_KEY_FILE: keyFile }).ended;
    assert.equal(code, 0, stderr);
    assert.ok(stdout.includes(`api-key = [redacted]  (file ${keyFile}, API_KEY_FILE)`), stdout);
    assert.ok(stdout.includes(`drain-timeout-ms = 5s  (env file ${envFile}, DRAIN_TIMEOUT)`), stdout);
    assert.ok(stdout.includes('health-port = 9  (flag --health-port)'), stdout);
    assert.ok(stdout.includes('log-level = info  (default)'), stdout);
    assert.ok(!stdout.includes(key) && !stderr.includes(key));
  });

  it('explains every option for --help, and exits 0', async () => {
    const { code, stdout } = await spawnService([], ['--help']).ended;
    assert.equal(code, 0);
    for (const expected of ['--api-key', 'API_KEY_FILE', '--health-port', '--check-config', '--env-file'])
      assert.ok(stdout.includes(expected));
  });

  it('turns an ExitError into one line and its exit code, without the secrets it was configured with', async () => {
    const password = 'correct horse battery staple';
    const { code, stdout, lines } = await spawnService([], ['--broken-before', 'exit-7'], { API_KEY: password }).ended;
    assert.equal(code, 7);
    assert.deepEqual(
      lines.map(({ level, msg }) => ({ level, msg })),
      [{ level: 'fatal', msg: 'scripted ends: no licence for [redacted]' }],
    );
    assert.ok(!stdout.includes(password));
  });

  it('logs a crash outside the service without a key and ends with code 1', async () => {
    const key = fakeKey();
    const { code, stdout, stderr, lines } = await spawnService([], ['--broken-before', 'crash'], { API_KEY: key })
      .ended;
    assert.equal(code, 1);
    assert.equal(lines.at(-1)?.level, 'fatal');
    assert.match(stdout, /lost \[redacted\]/);
    assert.ok(!stdout.includes(key) && !stderr.includes(key));
  });

  it('ends a stopped service that something still holds open, and says what', async () => {
    const child = spawnService([{ name: 'pool' }], ['--broken-before', 'leak']);
    await child.healthUrl();
    child.kill('SIGTERM');
    const { code, lines } = await child.ended;
    assert.equal(code, 1);
    assert.match(lines.at(-1)?.msg ?? '', /held open after 2000 ms by: .*Timeout/);
  });
});
