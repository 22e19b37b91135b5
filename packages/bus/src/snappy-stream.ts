import { Inflated } from './inflated.ts';

/** How snappy-java, and so every Kafka client, begins a stream of blocks. */
const STREAM = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const STREAM_HEADER_BYTES = 16;

/**
 * Reads Snappy as Kafka has it, in blocks or bare, into at most `mostBytes`. Source: Snappy compressed format
 * description, 2011-10-05; the framing is that of snappy-java's SnappyOutputStream.
 * @throws RangeError when it would become longer, or is no Snappy.
 */
export function readSnappy(compressed: Buffer, mostBytes: number): Buffer {
  if (!compressed.subarray(0, STREAM.byteLength).equals(STREAM)) return readBlock(compressed, mostBytes);
  const blocks: Buffer[] = [];
  let inflatedBytes = 0;
  for (let at = STREAM_HEADER_BYTES; at < compressed.byteLength; ) {
    const length = compressed.readUInt32BE(at);
    const block = readBlock(compressed.subarray(at + 4, at + 4 + length), mostBytes - inflatedBytes);
    inflatedBytes += block.byteLength;
    blocks.push(block);
    at += 4 + length;
  }
  return Buffer.concat(blocks);
}

function readBlock(block: Buffer, mostBytes: number): Buffer {
  const { value: length, next } = readLength(block);
  if (length > mostBytes) throw new RangeError(`more than ${mostBytes} bytes`);
  const out = new Inflated(length, length);
  for (let at = next; at < block.byteLength; ) at = readElement(block, at, out);
  if (out.length !== length) throw new RangeError(`${out.length} bytes of Snappy where ${length} were told`);
  return out.bytes();
}

/** Little-endian, seven bits a byte. */
function readLength(block: Buffer): { value: number; next: number } {
  let value = 0;
  for (let at = 0; at < 5; at++) {
    const byte = block.readUInt8(at);
    value += (byte & 0x7f) * 2 ** (7 * at);
    if (byte < 0x80) return { value, next: at + 1 };
  }
  throw new RangeError('a Snappy length of more than five bytes');
}

/** Adds one literal or copy and returns where the next element begins. */
function readElement(block: Buffer, at: number, out: Inflated): number {
  const tag = block.readUInt8(at);
  const upper = tag >> 2;
  switch (tag & 3) {
    case 0: {
      const lengthBytes = Math.max(0, upper - 59);
      const length = lengthBytes === 0 ? upper + 1 : block.readUIntLE(at + 1, lengthBytes) + 1;
      const from = at + 1 + lengthBytes;
      if (from + length > block.byteLength) throw new RangeError('a Snappy literal is cut short');
      out.append(block.subarray(from, from + length));
      return from + length;
    }
    case 1:
      out.repeat(((tag >> 5) << 8) | block.readUInt8(at + 1), (upper & 7) + 4);
      return at + 2;
    case 2:
      out.repeat(block.readUInt16LE(at + 1), upper + 1);
      return at + 3;
    default:
      out.repeat(block.readUInt32LE(at + 1), upper + 1);
      return at + 5;
  }
}
