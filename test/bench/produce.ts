import { randomBytes } from 'node:crypto';
import { createTopics } from '@bursar/bus/admin';
import { createProducer } from '@bursar/bus/producer';
import { topics } from '@bursar/events/topics';
import { type Oracle, oracleOf, recordOf, trafficKey, usageEvent } from '../harness/traffic.ts';

const KEYS = 200;
const CHUNK = 2_000;

export type Traffic = {
  prefix: string;
  topic: string;
  count: number;
  keys: number;
  bytesPerEvent: number;
  oracle: Oracle;
};

/** Fills the usage topic of a prefix of its own. */
export async function produceTraffic(brokers: string[], count: number): Promise<Traffic> {
  const prefix = `bench-${randomBytes(4).toString('hex')}`;
  const { usage, ...others } = topics(prefix);
  const kafka = { brokers, clientId: 'bursar-bench' };
  await createTopics(kafka, [usage, ...Object.values(others)]);
  const producer = createProducer(kafka);
  const keys = Array.from({ length: KEYS }, trafficKey);
  const events = [];
  let bytes = 0;
  for (let start = 0; start < count; start += CHUNK) {
    const chunk = Array.from({ length: Math.min(CHUNK, count - start) }, (_, index) =>
      usageEvent(keys[(start + index * 7) % KEYS]!),
    );
    const records = chunk.map(recordOf);
    bytes += records.reduce((sum, record) => sum + record.value.length, 0);
    await producer.send(usage.name, records);
    events.push(...chunk);
  }
  await producer.disconnect();
  return { prefix, topic: usage.name, count, keys: KEYS, bytesPerEvent: bytes / count, oracle: oracleOf(events) };
}
