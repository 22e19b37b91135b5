import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PartitionLoop } from '@bursar/bus/partition-loop';
import { createMetrics } from './metrics.ts';
import { partOf } from './parts.ts';

test('the lag of a partition that another member reads now is told no more', async ({ mock }) => {
  mock.timers.enable({ apis: ['setInterval'] });
  const lag = new Map([
    [1, 5n],
    [2, 7n],
  ]);
  const loop: PartitionLoop = {
    run: (signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve())),
    ready: () => true,
    lag: () => lag,
    resume: () => {},
    reread: () => true,
  };
  const metrics = createMetrics();
  const stop = new AbortController();
  const running = partOf('usage', loop, metrics).run!(stop.signal);
  mock.timers.tick(1_000);
  lag.delete(1);
  mock.timers.tick(1_000);
  const { values } = await metrics.lag.get();
  stop.abort();
  await running;
  assert.deepEqual(
    values.map(({ labels, value }) => [labels.partition, value]),
    [['2', 7]],
  );
});
