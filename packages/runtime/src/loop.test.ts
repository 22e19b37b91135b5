import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { capturedLog } from '../test/captured-log.ts';
import { ExitError } from './exit-error.ts';
import { createLoop, type Loop, type LoopOptions } from './loop.ts';

const HOUR_MS = 3_600_000;

function loopOf(tick: LoopOptions['tick'], more: Partial<LoopOptions> = {}) {
  const captured = capturedLog();
  return { loop: createLoop({ name: 'sweep', everyMs: HOUR_MS, tick, log: captured.log, ...more }), ...captured };
}

/** Runs the loop until `body` is done and returns what `run` came to. */
async function whileRunning(loop: Loop, body: (stop: AbortController) => Promise<void>): Promise<void> {
  const stop = new AbortController();
  const ended = loop.run(stop.signal);
  await body(stop);
  stop.abort();
  await ended;
}

describe('a loop', () => {
  it('runs its tick at once, then each period, and ends when told to', async () => {
    const third = Promise.withResolvers<void>();
    let ticks = 0;
    const { loop } = loopOf(
      async () => {
        ticks += 1;
        if (ticks === 3) third.resolve();
      },
      { everyMs: 1 },
    );
    await whileRunning(loop, () => third.promise);
    assert.ok(ticks >= 3);
  });

  it('runs once more after the tick under way when woken many times during it, and never two at a time', async () => {
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const begun = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let ticks = 0;
    let underWay = 0;
    const { loop } = loopOf(async () => {
      assert.equal(++underWay, 1);
      begun[ticks]?.resolve();
      await gates[ticks++]?.promise;
      underWay -= 1;
    });
    await whileRunning(loop, async () => {
      await begun[0]?.promise;
      for (let wakes = 0; wakes < 10; wakes++) loop.wake();
      gates[0]?.resolve();
      await begun[1]?.promise;
      gates[1]?.resolve();
      await loop.drain();
      await new Promise(setImmediate);
    });
    assert.equal(ticks, 2);
  });

  it('runs at once when woken while it pauses', async () => {
    const second = Promise.withResolvers<void>();
    let ticks = 0;
    const { loop } = loopOf(async () => {
      ticks += 1;
      if (ticks === 2) second.resolve();
    });
    await whileRunning(loop, async () => {
      await new Promise(setImmediate);
      loop.wake();
      await second.promise;
    });
  });

  it('gives a test one tick after the one under way, with its error', async () => {
    const order: string[] = [];
    let ticks = 0;
    const { loop } = loopOf(async () => {
      const tick = ++ticks;
      order.push(`begin ${tick}`);
      await new Promise(setImmediate);
      order.push(`end ${tick}`);
      if (tick === 2) throw new Error('second');
    });
    const first = loop.tickNow();
    await assert.rejects(loop.tickNow(), /second/);
    await first;
    assert.deepEqual(order, ['begin 1', 'end 1', 'begin 2', 'end 2']);
  });

  it('goes on after failures with a rising log level, tells its counter, and forgets them at the next success', async () => {
    const done = Promise.withResolvers<void>();
    const counted: unknown[] = [];
    let ticks = 0;
    const { loop, records } = loopOf(
      async () => {
        ticks += 1;
        if (ticks <= 4) throw new Error(`failure ${ticks}`);
        done.resolve();
      },
      { random: () => 0, onError: (error) => counted.push(error) },
    );
    await whileRunning(loop, () => done.promise);
    assert.deepEqual(
      records().map(({ level }) => level),
      ['warn', 'warn', 'error', 'error'],
    );
    assert.deepEqual(
      records().map(({ failuresInARow }) => failuresInARow),
      [1, 2, 3, 4],
    );
    assert.equal(counted.length, 4);
    assert.equal(loop.ready(), true);
  });

  it('ends the process when a tick throws an ExitError', async () => {
    const { loop } = loopOf(() => Promise.reject(new ExitError('schema too new', 57)));
    await assert.rejects(loop.run(new AbortController().signal), { exitCode: 57 });
  });

  it('does not drain before the tick under way has ended, and does not call its abort a failure', async () => {
    const { loop, records } = loopOf(
      (signal) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => setImmediate(() => reject(signal.reason)));
        }),
    );
    let drained = false;
    await whileRunning(loop, async (stop) => {
      await new Promise(setImmediate);
      const draining = loop.drain().then(() => {
        drained = true;
      });
      await new Promise(setImmediate);
      assert.equal(drained, false);
      stop.abort();
      await draining;
    });
    assert.deepEqual(records(), []);
  });

  it('is not ready before the first success, nor when the last one is older than the stated number of periods', async () => {
    let nowMs = 0;
    let broken = true;
    const tick = async () => {
      if (broken) throw new Error('relation does not exist');
    };
    const { loop } = loopOf(tick, { everyMs: 1_000, staleAfterTicks: 3, now: () => nowMs });
    assert.equal(loop.ready(), 'has not succeeded yet');
    await assert.rejects(loop.tickNow());
    assert.equal(loop.ready(), 'has not succeeded yet; last failure: relation does not exist');
    broken = false;
    await loop.tickNow();
    nowMs = 3_000;
    assert.equal(loop.ready(), true);
    broken = true;
    await assert.rejects(loop.tickNow());
    nowMs = 3_001;
    assert.equal(
      loop.ready(),
      'last success 3001 ms ago, expected each 1000 ms; last failure: relation does not exist',
    );
  });

  it('refuses a period that a timer cannot wait', () => {
    for (const everyMs of [0, -1, Number.NaN, 2 ** 31])
      assert.throws(() => loopOf(async () => {}, { everyMs }), RangeError);
  });
});
