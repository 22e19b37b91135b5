import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { capturedLog } from '../test/captured-log.ts';
import { DependencyAwayError, ExitError, waitUntil } from './service.ts';

const never = () => new Promise<void>(() => {});

describe('waiting for a dependency at start', () => {
  it('tries again until the dependency answers', async () => {
    const { log } = capturedLog();
    let attempts = 0;
    await waitUntil(
      'Kafka',
      async () => {
        attempts += 1;
        if (attempts < 3) throw new Error('no');
      },
      { timeoutMs: 60_000, log },
    );
    assert.equal(attempts, 3);
  });

  it('gives up with the name, the stated time and the last answer, also of an attempt that hangs', async () => {
    const { log } = capturedLog();
    const refused = () =>
      Promise.reject(new AggregateError([new Error('refused ::1'), new Error('refused 127.0.0.1')]));
    await assert.rejects(waitUntil('Postgres', refused, { timeoutMs: 20, log }), (error) => {
      assert.ok(error instanceof DependencyAwayError && error.exitCode === 1);
      assert.equal(error.message, 'Postgres is away: gave up after 20 ms; last answer: refused ::1; refused 127.0.0.1');
      return true;
    });
    await assert.rejects(
      waitUntil('Postgres', never, { timeoutMs: 20, log }),
      /gave up after 20 ms; last answer: no answer yet/,
    );
  });

  it('says every two seconds what it waits for and why', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    const { log, records } = capturedLog();
    const stop = new AbortController();
    const waiting = waitUntil('Kafka', never, { timeoutMs: 60_000, log, signal: stop.signal });
    t.mock.timers.tick(1_999);
    assert.equal(records().length, 0);
    t.mock.timers.tick(2_001);
    assert.deepEqual(
      records().map(({ level, msg }) => [level, msg]),
      Array(2).fill(['warn', 'waiting for Kafka: no answer yet']),
    );
    stop.abort(new Error('told to stop'));
    await assert.rejects(waiting, /told to stop/);
  });

  it('does not repeat an attempt that says itself that waiting is useless', async () => {
    const { log } = capturedLog();
    const wrongSchema = () => Promise.reject(new ExitError('schema 7 is too old', 57));
    await assert.rejects(waitUntil('Postgres', wrongSchema, { timeoutMs: 60_000, log }), { exitCode: 57 });
  });
});
