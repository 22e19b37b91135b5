import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { before, test } from 'node:test';
import { openSimulation, type Simulation, tell } from './simulation.ts';

const FIXED = 100;
const CHANCE = 30;

let simulation: Simulation;
before(async () => {
  simulation = await openSimulation();
});

test('one seed is one story: run twice, it leaves the same trace', async () => {
  const first = await simulation.run(7);
  const again = await simulation.run(7);
  assert.equal(again.traceHash, first.traceHash);
});

test(`the fixed block of ${FIXED} worlds keeps every invariant`, () => keep(1, FIXED));

test(`a block of ${CHANCE} worlds that nobody has seen keeps every invariant`, async (t) => {
  const base = randomInt(1_000_000, 2_000_000_000);
  t.diagnostic(`seeds from ${base}`);
  await keep(base, CHANCE);
});

async function keep(first: number, count: number): Promise<void> {
  for (let seed = first; seed < first + count; seed++) {
    const result = await simulation.run(seed);
    assert.equal(result.failure, undefined, tell(result));
  }
}
