import { promisify } from 'node:util';
import zlib from 'node:zlib';
import kafkajs, { type KafkaMessage } from 'kafkajs';
import { readLz4Frame } from './lz4-frame.ts';
import { readSnappy } from './snappy-stream.ts';

/** A compressed batch that becomes larger is not read. Clients write batches of 16 KiB to 1 MiB. */
export const MOST_INFLATED_BYTES = 16 * 1024 * 1024;
/** A compressed batch with more records is not read: a megabyte of nothing can say that it holds millions. */
export const MOST_RECORDS_PER_BATCH = 100_000;
/** The records of an unreadable batch are handed on one by one up to here; beyond, the partition has to halt. */
export const MOST_UNREADABLE_RECORDS = 5_000;

export type UnreadableBatch = {
  readonly because: string;
  readonly records: number;
  /** There are too many records to hand on: this one stands for all of its batch. */
  readonly isTooMany: boolean;
};

/** What our patch of kafkajs asks of a codec. It knows no more of a batch than its first offset and how many records follow. */
type BatchCodec = {
  compress(encoder: { buffer: Buffer }): Promise<Buffer>;
  decompress(compressed: Buffer, recordCount: number): Promise<Buffer>;
  unreadable(error: Error, recordCount: number, batch: { firstOffset: string }): UnreadableMessage[];
};
type UnreadableMessage = Pick<KafkaMessage, 'offset' | 'key' | 'value' | 'headers'> & { unreadable: UnreadableBatch };

const bounded = { maxOutputLength: MOST_INFLATED_BYTES };
const gzip = promisify(zlib.gzip);
const gunzip = promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.unzip);
const unzstd = promisify<Buffer, zlib.ZstdOptions, Buffer>(zlib.zstdDecompress);

/**
 * Teaches kafkajs, for this process, to read whatever a producer in any language compresses with. Bursar itself
 * compresses nothing. A batch that can't be read becomes records without content that say why; nothing throws.
 */
export function registerCodecs(): void {
  const { CompressionTypes, CompressionCodecs } = kafkajs;
  const read: Record<number, () => BatchCodec> = CompressionCodecs;
  const codecs = {
    [CompressionTypes.GZIP]: codec('gzip', (bytes) => gunzip(bytes, bounded), gzip),
    [CompressionTypes.Snappy]: codec('snappy', async (bytes) => readSnappy(bytes, MOST_INFLATED_BYTES)),
    [CompressionTypes.LZ4]: codec('lz4', async (bytes) => readLz4Frame(bytes, MOST_INFLATED_BYTES)),
    [CompressionTypes.ZSTD]: codec('zstd', (bytes) => unzstd(bytes, bounded)),
  };
  for (const [type, registered] of Object.entries(codecs)) read[Number(type)] = () => registered;
}

function codec(
  name: string,
  inflate: (compressed: Buffer) => Promise<Buffer>,
  deflate?: (plain: Buffer) => Promise<Buffer>,
): BatchCodec {
  return {
    async compress({ buffer }) {
      if (deflate === undefined) throw new Error(`${name} is only read here, never written`);
      return deflate(buffer);
    },
    async decompress(compressed, recordCount) {
      if (recordCount > MOST_RECORDS_PER_BATCH)
        throw new RangeError(`${recordCount} records in one batch, the most is ${MOST_RECORDS_PER_BATCH}`);
      return inflate(compressed);
    },
    unreadable: (error, recordCount, { firstOffset }) =>
      unreadableMessages(name, error, recordCount, BigInt(firstOffset)),
  };
}

function unreadableMessages(name: string, error: Error, records: number, first: bigint): UnreadableMessage[] {
  const isTooMany = records > MOST_UNREADABLE_RECORDS;
  const range = `offsets ${first} to ${first + BigInt(records) - 1n}`;
  const unreadable = { because: `the ${name} batch of ${range} can't be read: ${reasonOf(error)}`, records, isTooMany };
  return Array.from({ length: isTooMany ? 1 : records }, (_, index) => ({
    offset: String(first + BigInt(index)),
    key: null,
    value: null,
    headers: {},
    unreadable,
  }));
}

function reasonOf(error: Error & { code?: string }): string {
  return error.code === 'ERR_BUFFER_TOO_LARGE' ? `more than ${MOST_INFLATED_BYTES} bytes` : error.message;
}

/** The mark that a record of an unreadable batch bears; a header could be forged. */
export function unreadableOf(message: KafkaMessage): { unreadable: UnreadableBatch } | undefined {
  const { unreadable } = message as Partial<UnreadableMessage>;
  return unreadable && { unreadable };
}
