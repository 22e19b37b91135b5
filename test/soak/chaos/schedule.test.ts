import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomOf } from '../random.ts';
import { type Action, LINK_FAULTS, scheduleFor } from './schedule.ts';

const SEEDS = [1, 2, 3, 99, 123_456];
const of = <K extends Action['kind']>(schedule: readonly Action[], kind: K) =>
  schedule.filter((action): action is Extract<Action, { kind: K }> => action.kind === kind);

test('ten minutes hold what the soak promises, whatever the seed', () => {
  for (const seed of SEEDS) {
    const schedule = scheduleFor(10, randomOf(seed));
    assert.ok(of(schedule, 'kill aggregator').length >= 10);
    assert.ok(of(schedule, 'kill backends').reduce((sum, { count }) => sum + count, 0) >= 330);
    assert.ok(of(schedule, 'stop postgres').length >= 3);
    assert.ok(of(schedule, 'restart kafka').length >= 2);
    assert.ok(of(schedule, 'rebalance storm').length >= 2);
    assert.ok(of(schedule, 'policy').length >= 20);
    assert.ok(of(schedule, 'prices').length >= 8);
    const links = new Set(of(schedule, 'link').map(({ link, fault }) => `${link} ${fault}`));
    assert.equal(links.size, 2 * LINK_FAULTS.length, 'every fault on both links');
  }
});

test('consumers die more than 20 s apart, and everything happens in order and within the run', () => {
  for (const seed of SEEDS) {
    for (const minutes of [1, 3, 10, 60]) {
      const schedule = scheduleFor(minutes, randomOf(seed));
      const kills = of(schedule, 'kill aggregator').map(({ atMs }) => atMs);
      for (const [index, atMs] of kills.slice(1).entries()) assert.ok(atMs - kills[index]! > 20_000);
      const times = schedule.map(({ atMs }) => atMs);
      assert.deepEqual(
        times,
        times.toSorted((a, b) => a - b),
      );
      assert.ok(times[0]! > 0 && times.at(-1)! < minutes * 60_000);
    }
  }
});

test('the same seed gives the same schedule, another one another', () => {
  assert.deepEqual(scheduleFor(10, randomOf(5)), scheduleFor(10, randomOf(5)));
  assert.notDeepEqual(scheduleFor(10, randomOf(5)), scheduleFor(10, randomOf(6)));
});
