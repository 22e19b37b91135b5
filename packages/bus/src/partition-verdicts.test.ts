import assert from 'node:assert/strict';
import { test } from 'node:test';
import { handedBatches } from '../test/handed-batches.ts';
import type { PartitionBatch, Verdict } from './partition-loop.ts';

/** Work that always comes to this verdict, and the first offset of each batch that it was given. */
function alwaysSaying(verdict: Verdict) {
  const worked: number[] = [];
  const work = async ({ records }: PartitionBatch) => {
    worked.push(Number(records[0].offset));
    return verdict;
  };
  return { worked, work };
}

test('a partition goes on where the caller has come to, and that is what is committed as a hint', async () => {
  const { work } = alwaysSaying({ verdict: 'done', next: 2n });
  await using it = await handedBatches(work);
  await it.hand([0, 1, 2, 3]);
  assert.deepEqual(it.asked, ['resolve 1', 'commit 2']);
  assert.deepEqual([...it.loop.lag()], [[0, 98n]]);
});

test('a partition is read again from where the caller says, whatever Kafka holds for its place', async () => {
  const { work } = alwaysSaying({ verdict: 'seek', next: 3n });
  await using it = await handedBatches(work);
  await it.hand([7, 8]);
  assert.deepEqual(it.asked, ['seek 3']);
});

test('a halted partition is not worked on, not even after a rejoin, until it is resumed', async () => {
  const { work, worked } = alwaysSaying({ verdict: 'halt', because: 'a hole' });
  await using it = await handedBatches(work);
  await it.hand([0]);
  await it.hand([1]);
  assert.deepEqual([worked, it.asked], [[0], ['pause', 'pause']]);
  it.loop.resume(0);
  await it.hand([2]);
  assert.deepEqual(
    [worked, it.asked],
    [
      [0, 2],
      ['pause', 'pause', 'resume', 'pause'],
    ],
  );
});

test('a batch that is stale is not worked on: its partition is with another member', async () => {
  const { work, worked } = alwaysSaying({ verdict: 'done', next: 1n });
  await using it = await handedBatches(work);
  await it.hand([0], true);
  assert.deepEqual([worked, it.asked], [[], []]);
});
