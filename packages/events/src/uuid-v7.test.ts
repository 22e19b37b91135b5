import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { uuidV7, uuidV7TimeMs } from './uuid-v7.ts';

const SHAPE = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const START_MS = Date.now();

it('makes well-formed, unique ids that sort in the order they were made, whatever the clock does', () => {
  const made: string[] = [];
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -3_600_000, max: 3_600_000 }), { maxLength: 300 }), (drifts) => {
      for (const drift of drifts) made.push(uuidV7(START_MS + drift));
    }),
  );
  for (let index = 0; index < 20_000; index++) made.push(uuidV7(START_MS));
  assert.ok(made.every((id) => SHAPE.test(id)));
  assert.equal(new Set(made).size, made.length);
  assert.deepEqual(made.toSorted(), made);
});

it('tells the time it was made at, while the clock does not run back', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1_000_000 }), (step) => {
      const nowMs = uuidV7TimeMs(uuidV7(0))! + 1 + step;
      assert.equal(uuidV7TimeMs(uuidV7(nowMs)), nowMs);
    }),
  );
});

it('runs ahead of the clock by a few milliseconds at most, even at four million ids a second', () => {
  const nowMs = uuidV7TimeMs(uuidV7(0))! + 1;
  for (let index = 0; index < 4_095; index++) uuidV7(nowMs);
  assert.ok(uuidV7TimeMs(uuidV7(nowMs))! - nowMs <= 2);
});

it('gives no time for an id of another version or for something else', () => {
  for (const id of ['0c5d7b8a-6f1e-4d2c-9b3a-8e7f6a5d4c3b', '', '7']) assert.equal(uuidV7TimeMs(id), undefined);
});
