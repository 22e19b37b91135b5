import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { runBlock } from './run-block.ts';
import { openSimulation } from './simulation.ts';

const FIXED = 1_500;
const RANDOM = 500;

test('one seed is one story: run twice, it leaves the same trace', async () => {
  const simulation = await openSimulation();
  for (const seed of [7, 20, 27]) {
    const first = await simulation.run(seed);
    const again = await simulation.run(seed);
    assert.equal(again.traceHash, first.traceHash);
  }
});

test(`the fixed block of ${FIXED} worlds keeps every invariant`, (context) => keep(context, 1, FIXED));

test(`a block of ${RANDOM} random worlds keeps every invariant`, (context) =>
  keep(context, randomInt(10_000, 2 ** 31 - RANDOM), RANDOM));

async function keep(context: { diagnostic(text: string): void }, first: number, count: number): Promise<void> {
  context.diagnostic(`seeds ${first} to ${first + count - 1}`);
  const { worlds, contents, failure } = await runBlock(first, count);
  context.diagnostic(`${worlds} worlds: ${JSON.stringify(contents)}`);
  assert.equal(failure, undefined, failure?.story);
  assert.equal(worlds, count);
}
