import { randomBytes } from 'node:crypto';
import { createTopics } from '@bursar/bus/admin';
import { createKafka } from '@bursar/bus/kafka-settings';
import { topics } from '@bursar/events/topics';
import { stackAddresses } from './config.ts';
import { eventually } from './eventually.ts';

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
  await createTopics({ brokers, clientId: 'bursar-test' }, Object.values(specs));
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

/** Deletes a topic and makes it again, empty, as somebody with the wrong terminal does. */
export async function recreateTopic(kafka: FreshTopics, topic: string): Promise<void> {
  const settings = { brokers: kafka.brokers, clientId: 'bursar-test' };
  const admin = createKafka(settings).admin();
  await admin.connect();
  await admin.deleteTopics({ topics: [topic] });
  await eventually(`${topic} is gone`, async () => !(await admin.listTopics()).includes(topic));
  await admin.disconnect();
  await createTopics(settings, Object.values(kafka.topics));
}
