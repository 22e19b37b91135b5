import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from './eventually.ts';

test('it returns the first answer that is neither an error nor undefined nor false', async () => {
  const answers = [() => assert.fail('not yet'), () => undefined, () => false as const, () => 0];
  assert.equal(await eventually('an answer', () => answers.shift()?.()), 0);
});

test('it names what was awaited and the last error when time is up', async () => {
  const attempt = () => {
    throw new Error('3 of 4 rows');
  };
  await assert.rejects(
    eventually('four rows', attempt, 50),
    /still not after 50 ms, \d+ tries: four rows \(last: 3 of 4 rows\)/,
  );
});
