import { randomBytes } from 'node:crypto';
import { watermarks } from '@bursar/bus/admin';
import { createKafka } from '@bursar/bus/kafka-settings';
import { createProducer, type RecordOut } from '@bursar/bus/producer';
import { eventually } from '../../infra/local/eventually.ts';
import type { FreshTopics } from './kafka.ts';

/** Every record of a topic as it was sent, to send it, or some of them, elsewhere. In the order of each partition. */
export async function takeRecords(kafka: FreshTopics, topic: string): Promise<RecordOut[]> {
  const settings = { brokers: kafka.brokers, clientId: 'bursar-test' };
  const expected = (await watermarks(settings, topic)).reduce((sum, { low, high }) => sum + Number(high - low), 0);
  const consumer = createKafka(settings).consumer({ groupId: `${kafka.prefix}-${randomBytes(4).toString('hex')}` });
  const records: RecordOut[] = [];
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message: { key, headers, value } }) => {
      const told = Object.entries(headers ?? {}).map(([name, header]) => [name, String(header)]);
      records.push({ key: String(key), value: String(value), headers: Object.fromEntries(told) });
    },
  });
  await eventually(`${expected} records of ${topic} are read`, () => records.length >= expected);
  await consumer.disconnect();
  return records;
}

/** Sends records to the usage topic of other topics and waits for Kafka's acknowledgement. */
export async function relay(records: readonly RecordOut[], to: FreshTopics): Promise<void> {
  const producer = createProducer({ brokers: to.brokers, clientId: 'bursar-test' });
  await producer.send(to.topics.usage.name, records);
  await producer.disconnect();
}
