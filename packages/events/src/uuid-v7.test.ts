import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { uuidV7, uuidV7TimeMs } from './uuid-v7.ts';

const SHAPE = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const START_MS = Date.now();

it('makes well-formed, unique ids that sort in the order they were made, even if the clock trembles', () => {
  const made: string[] = [];
  let nowMs = START_MS;
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -50, max: 80 }), { maxLength: 300 }), (steps) => {
      for (const step of steps) {
        nowMs += step;
        made.push(uuidV7(nowMs));
      }
    }),
  );
  for (let index = 0; index < 20_000; index++) made.push(uuidV7(nowMs));
  assert.ok(made.every((id) => SHAPE.test(id)));
  assert.equal(new Set(made).size, made.length);
  assert.deepEqual(made.toSorted(), made);
});

it('tells the time it was made at, also after the clock was set back or forth', () => {
  fc.assert(
    fc.property(fc.integer({ min: 20_000, max: 1e9 }), fc.boolean(), (jump, back) => {
      const fromMs = uuidV7TimeMs(uuidV7(START_MS))!;
      const nowMs = back ? fromMs - jump : fromMs + jump;
      assert.equal(uuidV7TimeMs(uuidV7(nowMs)), nowMs);
    }),
  );
});

it('runs ahead of the clock by two milliseconds at most while four thousand ids are made in one', () => {
  const nowMs = START_MS + 1e10;
  for (let index = 0; index < 4_095; index++) uuidV7(nowMs);
  assert.ok(uuidV7TimeMs(uuidV7(nowMs))! - nowMs <= 2);
});

it('gives no time for an id of another version or for something else', () => {
  for (const id of ['0c5d7b8a-6f1e-4d2c-9b3a-8e7f6a5d4c3b', '', '7']) assert.equal(uuidV7TimeMs(id), undefined);
});
