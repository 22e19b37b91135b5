import { createHash } from 'node:crypto';
import type { KafkaRecord } from '@bursar/bus/partition-loop';

/** SHA-256 of a record's key and value: what a place in the log is known by. */
export function recordDigest({ key, value }: Pick<KafkaRecord, 'key' | 'value'>): Buffer {
  const hash = createHash('sha256');
  hash.update(`${key?.byteLength ?? -1} ${value?.byteLength ?? -1} `);
  if (key) hash.update(key);
  if (value) hash.update(value);
  return hash.digest();
}
