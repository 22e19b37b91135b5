import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Counter, createRegistry } from './metrics.ts';

it('each registry has its own process metrics and counters, all labelled with the service', async () => {
  const [first, second] = [createRegistry('first'), createRegistry('second')];
  new Counter({ name: 'ticks_total', help: 'Ticks.', registers: [first] }).inc();
  assert.match(await first.metrics(), /^ticks_total\{service="first"\} 1$/m);
  assert.match(await first.metrics(), /^nodejs_eventloop_lag_p99_seconds\{service="first"\} /m);
  assert.doesNotMatch(await second.metrics(), /ticks_total/);
});
