import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { BoundedQueue } from './bounded-queue.ts';

const MAX_COUNT = 5;
const MAX_BYTES = 100;

const step = fc.oneof(
  fc.record({ do: fc.constant('push' as const), bytes: fc.integer({ min: 0, max: 60 }) }),
  fc.record({ do: fc.constant('remove' as const), count: fc.integer({ min: 0, max: 7 }) }),
);

it('is a queue that never holds more than its two bounds and refuses the newest', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const queue = new BoundedQueue<number>(MAX_COUNT, MAX_BYTES);
      let model: { item: number; bytes: number }[] = [];
      const modelBytes = () => model.reduce((sum, { bytes }) => sum + bytes, 0);
      for (const [item, action] of steps.entries()) {
        if (action.do === 'remove') {
          queue.remove(action.count);
          model = model.slice(action.count);
        } else {
          const fits = model.length < MAX_COUNT && modelBytes() + action.bytes <= MAX_BYTES;
          assert.equal(queue.tryPush(item, action.bytes), fits);
          if (fits) model.push({ item, bytes: action.bytes });
        }
        assert.deepEqual([queue.count, queue.bytes], [model.length, modelBytes()]);
        assert.deepEqual(
          queue.peek(99, 1e9),
          model.map((entry) => entry.item),
        );
      }
    }),
  );
});

it('peeks the oldest within a count and a size, and one at least', () => {
  const queue = new BoundedQueue<string>(10, 1000);
  queue.tryPush('big', 500);
  queue.tryPush('small', 10);
  queue.tryPush('last', 10);
  assert.deepEqual(queue.peek(2, 1000), ['big', 'small']);
  assert.deepEqual(queue.peek(9, 100), ['big']);
});
