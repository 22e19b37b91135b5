import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import kafkajs from 'kafkajs';
import { MOST_RECORDS_PER_BATCH, registerCodecs } from './compression.ts';
import { readLz4Frame } from './lz4-frame.ts';
import { readSnappy } from './snappy-stream.ts';

const MEBIBYTE = 1024 * 1024;
const FRAME = Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82]);
const END = Buffer.alloc(4);
const block = (bytes: Buffer) => Buffer.concat([uint32(bytes.byteLength), bytes]);

/** `a`, then a match one byte back of 4 + 15 + 255 × `times` bytes: four bytes become kilobytes. */
const run = (times: number) =>
  Buffer.concat([Buffer.from([0x1f, 0x61, 0x01, 0x00]), Buffer.alloc(times, 255), Buffer.from([0x00])]);

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
}

test('an LZ4 match may repeat itself, and reach into the block before', () => {
  const back = Buffer.from([0x00, 0x03, 0x00]);
  const frame = Buffer.concat([FRAME, block(run(0)), block(back), block(Buffer.from([0x20, 0x62, 0x63])), END]);
  assert.equal(readLz4Frame(frame, 100).toString(), `${'a'.repeat(1 + 19 + 4)}bc`);
  const plain = Buffer.concat([uint32(0x8000_0002), Buffer.from('hi')]);
  assert.equal(readLz4Frame(Buffer.concat([FRAME, plain, END]), 100).toString(), 'hi');
});

test('LZ4 and Snappy stop at the bound, however small what they were given', () => {
  const frame = Buffer.concat([FRAME, block(run(100_000)), END]);
  assert.ok(frame.byteLength < MEBIBYTE);
  assert.throws(() => readLz4Frame(frame, MEBIBYTE), /more than 1048576 bytes/);
  assert.throws(
    () => readSnappy(Buffer.from([0x80, 0x80, 0x80, 0x01, 0x00, 0x61]), MEBIBYTE),
    /more than 1048576 bytes/,
  );
  // It says four bytes, and repeats what it has until there are sixty-five.
  assert.throws(() => readSnappy(Buffer.from([0x04, 0x00, 0x61, 0xfe, 0x01, 0x00]), MEBIBYTE), /more than 4 bytes/);
});

test('anything else than LZ4 or Snappy is an error, never an endless loop or too many bytes', () => {
  const damaged = fc.tuple(fc.uint8Array({ maxLength: 64 }), fc.boolean()).map(([bytes, isFramed]) => {
    return isFramed ? Buffer.concat([FRAME, block(Buffer.from(bytes)), END]) : Buffer.from(bytes);
  });
  fc.assert(
    fc.property(damaged, (bytes) => {
      for (const read of [readLz4Frame, readSnappy]) {
        try {
          assert.ok(read(bytes, 5_000).byteLength <= 5_000);
        } catch (error) {
          assert.ok(error instanceof Error && !(error instanceof assert.AssertionError));
        }
      }
    }),
    { numRuns: 20_000 },
  );
});

test('a batch that says it holds more records than any client writes is not even decompressed', async () => {
  registerCodecs();
  const { decompress, unreadable } = kafkajs.CompressionCodecs[kafkajs.CompressionTypes.GZIP]();
  await assert.rejects(decompress(randomBytes(10), MOST_RECORDS_PER_BATCH + 1), /100001 records in one batch/);
  const told = unreadable(new Error('so'), 3, { firstOffset: '7' });
  assert.deepEqual(
    told.map(({ offset, unreadable: { isTooMany } }: never) => [offset, isTooMany]),
    [
      ['7', false],
      ['8', false],
      ['9', false],
    ],
  );
});
