import { once } from 'node:events';
import zlib from 'node:zlib';
import kafkajs from 'kafkajs';
import { createKafka } from '../src/kafka-settings.ts';
import type { OnePartition } from './one-partition.ts';

/** Sends to partition 0 a batch whose zstd bytes are given; the broker checks them as it does any producer's. */
export async function compressedSender(
  of: OnePartition,
  compressed: Buffer,
  count: number,
  partition = 0,
): Promise<void> {
  const { CompressionCodecs, CompressionTypes } = kafkajs;
  const kept = CompressionCodecs[CompressionTypes.ZSTD];
  CompressionCodecs[CompressionTypes.ZSTD] = () => ({ compress: async () => compressed });
  const producer = createKafka(of.kafka).producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  await producer.connect();
  const messages = Array.from({ length: count }, () => ({ value: '', partition }));
  await producer.send({ topic: of.topic, messages, compression: CompressionTypes.ZSTD });
  await producer.disconnect();
  CompressionCodecs[CompressionTypes.ZSTD] = kept;
}

/**
 * The zstd bytes of a batch of `count` records, of which the last is nothing but zeros, compressed on the way so that it
 * is never whole in memory.
 */
export async function zeros(bytes: number, count = 1): Promise<Buffer> {
  const mebibyte = Buffer.alloc(1024 * 1024);
  const compressor = zlib.createZstdCompress();
  const parts: Buffer[] = [];
  compressor.on('data', (part: Buffer) => parts.push(part));
  for (let index = 0; index < count - 1; index++) compressor.write(recordHead(index, 0), () => {});
  compressor.write(recordHead(count - 1, bytes));
  for (let left = bytes; left > 0; left -= mebibyte.byteLength) {
    if (!compressor.write(mebibyte)) await once(compressor, 'drain');
  }
  compressor.end(NO_HEADERS);
  await once(compressor, 'end');
  return Buffer.concat(parts);
}

const NO_HEADERS = Buffer.from([0]);

/** A record as it stands in a batch: length, attributes, deltas, no key; the value follows, and the headers when it is empty. */
function recordHead(offsetDelta: number, valueBytes: number): Buffer {
  const body = [Buffer.from([0, 0]), varint(offsetDelta), varint(-1), varint(valueBytes)];
  const length = body.reduce((sum, part) => sum + part.byteLength, 0) + valueBytes + NO_HEADERS.byteLength;
  return Buffer.concat([varint(length), ...body, ...(valueBytes === 0 ? [NO_HEADERS] : [])]);
}

/** Zigzag, seven bits at a time. */
function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value >= 0 ? value * 2 : -value * 2 - 1; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) | 128);
  }
}
