import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { type LogLine, spawnService } from '../test/child-service.ts';
import { fakeKey } from '../test/fake-key.ts';

const stepIs = (step: string) => (line: LogLine) => line.step === step;
const fatalsOf = (lines: LogLine[]) => lines.filter(({ level }) => level === 'fatal');

describe('a service in a process of its own', { concurrency: 4 }, () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`starts in order and after ${signal} drains and stops in reverse order with exit code 0`, async () => {
      const child = spawnService([{ name: 'pool' }, { name: 'consumer' }]);
      await child.saw(stepIs('run consumer'));
      child.kill(signal);
      const { code, steps, lines, stderr } = await child.ended;
      assert.equal(code, 0, stderr);
      assert.deepEqual(steps, [
        'start pool',
        'start consumer',
        'run pool',
        'run consumer',
        'drain consumer',
        'drain pool',
        'stop consumer',
        'stop pool',
      ]);
      assert.ok(lines.some(({ reason }) => reason === `received ${signal}`));
    });
  }

  it('answers livez, readyz with the reason of each part, metrics with its label, and 404 elsewhere', async () => {
    const child = spawnService([{ name: 'pool' }, { name: 'consumer', notReady: 'has not joined the group' }]);
    const url = await child.healthUrl();
    assert.equal((await fetch(`${url}/livez`)).status, 200);
    const readyz = await fetch(`${url}/readyz?verbose`);
    assert.equal(readyz.status, 503);
    assert.deepEqual(await readyz.json(), { ready: false, reasons: { consumer: 'has not joined the group' } });
    const metrics = await fetch(`${url}/metrics`);
    assert.match(metrics.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
    assert.match(await metrics.text(), /^process_cpu_seconds_total\{service="scripted"\} /m);
    assert.equal((await fetch(`${url}/`)).status, 404);
    child.kill('SIGTERM');
    assert.equal((await child.ended).code, 0);
  });

  it('leaves a key out of the reasons of readyz', async () => {
    const key = fakeKey();
    const child = spawnService([{ name: 'admin', notReady: `401 for ${key}` }]);
    const body = await (await fetch(`${await child.healthUrl()}/readyz`)).text();
    assert.equal(body, '{"ready":false,"reasons":{"admin":"401 for sk-ant-[redacted]"}}\n');
    child.kill('SIGTERM');
    await child.ended;
  });

  it('is ready when every part is, and while it drains it is alive but not ready', async () => {
    const child = spawnService([{ name: 'consumer', drain: 'hang' }]);
    const url = await child.healthUrl();
    const before = await fetch(`${url}/readyz`);
    assert.equal(before.status, 200);
    assert.deepEqual(await before.json(), { ready: true });
    child.kill('SIGTERM');
    await child.saw(stepIs('drain consumer'));
    const during = await fetch(`${url}/readyz`);
    assert.equal(during.status, 503);
    assert.deepEqual(await during.json(), { ready: false, reasons: { service: 'stopping: received SIGTERM' } });
    assert.equal((await fetch(`${url}/livez`)).status, 200);
    child.kill('SIGTERM');
    await child.ended;
  });

  it('ends at once with code 1 at the second signal and names what hung', async () => {
    const child = spawnService([{ name: 'pool' }, { name: 'consumer', drain: 'hang' }], ['--drain-timeout-ms', '1h']);
    await child.saw(stepIs('run consumer'));
    child.kill('SIGTERM');
    await child.saw(stepIs('drain consumer'));
    child.kill('SIGINT');
    const { code, lines, steps } = await child.ended;
    assert.equal(code, 1);
    assert.deepEqual(lines.at(-1)?.hung, ['drain of consumer']);
    assert.match(lines.at(-1)?.msg ?? '', /SIGINT while already stopping because of: received SIGTERM/);
    assert.ok(!steps.includes('stop pool'));
  });

  for (const step of ['drain', 'stop', 'run', 'start'] as const) {
    it(`ends with code 1 at the deadline and names the part whose ${step} hung`, async () => {
      const child = spawnService(
        [{ name: 'pool' }, { name: 'consumer', [step]: 'hang' }],
        ['--drain-timeout-ms=200ms'],
      );
      await child.saw(stepIs(step === 'start' ? 'start consumer' : 'run consumer'));
      child.kill('SIGTERM');
      const { code, lines } = await child.ended;
      assert.equal(code, 1);
      assert.deepEqual(lines.at(-1)?.hung, [`${step} of consumer`]);
      assert.equal(lines.at(-1)?.msg, `not stopped after 200 ms; still under way: ${step} of consumer`);
    });
  }

  it('rolls a half start back in reverse order, never listens, and ends with code 1', async () => {
    const child = spawnService([
      { name: 'pool' },
      { name: 'producer' },
      { name: 'consumer', start: 'fail' },
      { name: 'late' },
    ]);
    const { code, steps, lines } = await child.ended;
    assert.equal(code, 1);
    assert.deepEqual(steps, ['start pool', 'start producer', 'start consumer', 'stop producer', 'stop pool']);
    assert.ok(lines.every(({ healthUrl }) => healthUrl === undefined));
    assert.deepEqual(
      fatalsOf(lines).map(({ msg }) => msg),
      ['consumer did not start'],
    );
  });

  it('stops at once and cleanly when told to while a part still waits for its dependency', async () => {
    const child = spawnService([{ name: 'pool' }, { name: 'consumer', start: 'await-dependency' }]);
    await child.saw(stepIs('start consumer'));
    child.kill('SIGTERM');
    const { code, steps, lines } = await child.ended;
    assert.equal(code, 0);
    assert.deepEqual(steps, ['start pool', 'start consumer', 'stop pool']);
    assert.deepEqual(fatalsOf(lines), []);
  });

  it('says in one line without a stack which dependency stayed away for how long', async () => {
    const { code, lines } = await spawnService([{ name: 'pool', start: 'await-dependency' }]).ended;
    assert.equal(code, 1);
    const [fatal, ...more] = fatalsOf(lines);
    assert.equal(
      fatal?.msg,
      'pool did not start: the database is away: gave up after 300 ms; last answer: connection refused',
    );
    assert.equal(fatal?.err, undefined);
    assert.deepEqual(more, []);
  });

  it('ends with code 1, the reason and a drained rest when the run of a part rejects', async () => {
    const { code, lines, steps } = await spawnService([{ name: 'pool' }, { name: 'consumer', run: 'fail' }]).ended;
    assert.equal(code, 1);
    assert.deepEqual(
      fatalsOf(lines).map(({ msg }) => msg),
      ['consumer failed'],
    );
    assert.match(JSON.stringify(fatalsOf(lines)[0]?.err), /consumer is broken/);
    assert.deepEqual(steps.slice(-4), ['drain consumer', 'drain pool', 'stop consumer', 'stop pool']);
  });

  it('ends with the exit code that the error of a part carries', async () => {
    const { code, lines } = await spawnService([{ name: 'consumer', run: 'exit-7' }]).ended;
    assert.equal(code, 7);
    assert.deepEqual(
      fatalsOf(lines).map(({ msg }) => msg),
      ['consumer failed: consumer refuses'],
    );
  });

  it('takes a part that ends unasked for a failure', async () => {
    const { code, lines } = await spawnService([{ name: 'consumer', run: 'end' }]).ended;
    assert.equal(code, 1);
    assert.match(JSON.stringify(fatalsOf(lines)), /consumer ended although nobody asked it to stop/);
  });

  for (const [run, what] of [
    ['reject-elsewhere', 'unhandled rejection'],
    ['throw-elsewhere', 'uncaught exception'],
  ] as const) {
    it(`drains, stops and ends with code 1 after an ${what}`, async () => {
      const { code, lines, steps } = await spawnService([{ name: 'pool' }, { name: 'consumer', run }]).ended;
      assert.equal(code, 1);
      assert.deepEqual(
        fatalsOf(lines).map(({ msg }) => msg),
        [what],
      );
      assert.deepEqual(steps.slice(-2), ['stop consumer', 'stop pool']);
    });
  }

  it('stops the other parts when one fails to drain or stop, and ends with code 1', async () => {
    const child = spawnService([{ name: 'pool' }, { name: 'consumer', drain: 'fail', stop: 'fail' }]);
    await child.saw(stepIs('run consumer'));
    child.kill('SIGTERM');
    const { code, lines, steps } = await child.ended;
    assert.equal(code, 1);
    assert.deepEqual(
      fatalsOf(lines).map(({ msg }) => msg),
      ['consumer did not drain', 'consumer did not stop'],
    );
    assert.deepEqual(steps.slice(-3), ['drain pool', 'stop consumer', 'stop pool']);
  });

  it('stops what it started and says which port is taken when the health server cannot listen', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as AddressInfo;
    const { code, lines, steps } = await spawnService([{ name: 'pool' }], ['--health-port', String(port)]).ended;
    other.close();
    assert.equal(code, 1);
    assert.deepEqual(steps, ['start pool', 'stop pool']);
    assert.match(
      fatalsOf(lines)[0]?.msg ?? '',
      new RegExp(`health server cannot listen on 127\\.0\\.0\\.1:${port}.*EADDRINUSE`),
    );
  });
});
