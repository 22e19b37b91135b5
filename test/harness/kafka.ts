import { randomBytes } from 'node:crypto';
import { createTopics, watermarks } from '@bursar/bus/admin';
import { createKafka } from '@bursar/bus/kafka-settings';
import { type TopicSpec, topics } from '@bursar/events/topics';
import { eventually } from '../../infra/local/eventually.ts';
import { stackAddresses } from './config.ts';

export type FreshTopics = {
  readonly brokers: string[];
  /** Give it to a service as its topic prefix; no other test uses it. */
  readonly prefix: string;
  readonly topics: ReturnType<typeof topics>;
};

/** Bursar's topics under a prefix that only this test uses. */
export async function freshTopics(): Promise<FreshTopics> {
  const brokers = (await stackAddresses()).kafkaBrokers.split(',');
  const prefix = `test-${randomBytes(4).toString('hex')}`;
  const specs = topics(prefix);
  const settings = { brokers, clientId: 'bursar-test' };
  await createAndSee(settings, Object.values(specs));
  return { brokers, prefix, topics: specs };
}

/** Makes Kafka forget everything below the end of each partition, as retention does. */
export async function expireRecords(kafka: FreshTopics, topic: string): Promise<void> {
  const admin = createKafka({ brokers: kafka.brokers, clientId: 'bursar-test' }).admin();
  await admin.connect();
  const partitions = (await admin.fetchTopicOffsets(topic)).filter(({ high, low }) => high !== low);
  await admin.deleteTopicRecords({
    topic,
    partitions: partitions.map(({ partition, high }) => ({ partition, offset: high })),
  });
  await admin.disconnect();
}

/** Makes Kafka forget all that one partition holds; returns the first offset that is left. */
export async function truncatePartition(kafka: FreshTopics, topic: string, partition: number): Promise<bigint> {
  const admin = createKafka({ brokers: kafka.brokers, clientId: 'bursar-test' }).admin();
  await admin.connect();
  const { high } = (await admin.fetchTopicOffsets(topic)).find((marks) => marks.partition === partition)!;
  await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: high }] });
  await admin.disconnect();
  return BigInt(high);
}

/** Gives a consumer group without members this committed offset on one partition of the usage topic. */
export async function keepGroupOffset(
  kafka: FreshTopics,
  groupId: string,
  partition: number,
  offset: number,
): Promise<void> {
  const admin = createKafka({ brokers: kafka.brokers, clientId: 'bursar-test' }).admin();
  await admin.connect();
  const partitions = [{ partition, offset: String(offset) }];
  await admin.setOffsets({ groupId, topic: kafka.topics.usage.name, partitions });
  await admin.disconnect();
}

/** Deletes a topic and makes it again, empty, as somebody with the wrong terminal does. */
export async function recreateTopic(kafka: FreshTopics, topic: string): Promise<void> {
  const settings = { brokers: kafka.brokers, clientId: 'bursar-test' };
  const admin = createKafka(settings).admin();
  await admin.connect();
  await admin.deleteTopics({ topics: [topic] });
  await eventually(`${topic} is gone`, async () => !(await admin.listTopics()).includes(topic));
  await admin.disconnect();
  await createAndSee(settings, Object.values(kafka.topics));
}

// A broker acknowledges a topic before its own metadata shows it, and then the creation itself reports it as unknown.
async function createAndSee(
  settings: { brokers: string[]; clientId: string },
  specs: readonly TopicSpec[],
): Promise<void> {
  await eventually(`these topics exist: ${specs.map(({ name }) => name).join(', ')}`, async () => {
    await createTopics(settings, specs);
    return await Promise.all(specs.map(({ name }) => watermarks(settings, name)));
  });
}

/** Every record of a topic, keys, headers and values as one text each. */
export async function readTopic(kafka: FreshTopics, topic: string): Promise<string[]> {
  const settings = { brokers: kafka.brokers, clientId: 'bursar-test' };
  const expected = (await watermarks(settings, topic)).reduce((sum, { low, high }) => sum + Number(high - low), 0);
  const consumer = createKafka(settings).consumer({ groupId: `${kafka.prefix}-${randomBytes(4).toString('hex')}` });
  const records: string[] = [];
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message: { key, headers, value } }) => {
      const told = Object.entries(headers ?? {}).map(([name, header]) => `${name}=${header}`);
      records.push([key, ...told, value].join(' '));
    },
  });
  await eventually(`${expected} records of ${topic} are read`, () => records.length >= expected);
  await consumer.disconnect();
  return records;
}
