import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Room } from './room.ts';

test('work enters in its order, as much as there is room for, and gives the room back', async () => {
  const room = new Room(10);
  const entered: number[] = [];
  const enter = (size: number) =>
    room.take(size).then((place) => {
      entered.push(size);
      return place;
    });
  const first = await enter(6);
  const [large, small] = [enter(5), enter(1)];
  await turn();
  assert.deepEqual(entered, [6], 'the small one does not pass the large one');
  first[Symbol.dispose]();
  await Promise.all([large, small]);
  assert.deepEqual(entered, [6, 5, 1]);
});

test('work that is larger than the room gets all of it, alone', async () => {
  const room = new Room(10);
  const first = await room.take(1);
  let isIn = false;
  const huge = room.take(1_000).then((place) => {
    isIn = true;
    return place;
  });
  await turn();
  assert.equal(isIn, false);
  first[Symbol.dispose]();
  (await huge)[Symbol.dispose]();
  await room.take(10);
});
