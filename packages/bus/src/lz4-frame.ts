import { Inflated } from './inflated.ts';

const MAGIC = 0x184d2204;
const BLOCK_IS_PLAIN = 0x8000_0000;
const SHORTEST_MATCH = 4;

/**
 * Reads an LZ4 frame as Kafka's clients write it, into at most `mostBytes`. Checksums are not looked at: the broker
 * has read each batch before it took it. Source: LZ4 Frame Format 1.6.3 and LZ4 Block Format.
 * @throws RangeError when it would become longer, or is no such frame.
 */
export function readLz4Frame(frame: Buffer, mostBytes: number): Buffer {
  if (frame.byteLength < 7 || frame.readUInt32LE(0) !== MAGIC) throw new RangeError('not an LZ4 frame');
  const flags = frame[4]!;
  const hasContentSize = (flags & 0x08) !== 0;
  const checksumBytes = (flags & 0x10) !== 0 ? 4 : 0;
  const out = new Inflated(frame.byteLength * 4, mostBytes);
  let at = hasContentSize ? 15 : 7;
  for (;;) {
    const size = frame.readUInt32LE(at);
    at += 4;
    if (size === 0) return out.bytes();
    const length = size % BLOCK_IS_PLAIN;
    const block = frame.subarray(at, at + length);
    if (block.byteLength < length) throw new RangeError('an LZ4 block is cut short');
    if (size >= BLOCK_IS_PLAIN) out.append(block);
    else readBlock(block, out);
    at += length + checksumBytes;
  }
}

function readBlock(block: Buffer, out: Inflated): void {
  let at = 0;
  const lengthFrom = (nibble: number) => {
    let length = nibble;
    if (nibble < 15) return length;
    for (let more = 255; more === 255; length += more) more = block.readUInt8(at++);
    return length;
  };
  while (at < block.byteLength) {
    const token = block[at++]!;
    const literals = lengthFrom(token >> 4);
    if (at + literals > block.byteLength) throw new RangeError('LZ4 literals are cut short');
    out.append(block.subarray(at, at + literals));
    at += literals;
    if (at >= block.byteLength) return;
    const distance = block.readUInt16LE(at);
    at += 2;
    out.repeat(distance, lengthFrom(token & 15) + SHORTEST_MATCH);
  }
}
