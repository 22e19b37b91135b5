import { createProducer } from '@bursar/bus/producer';
import type { UsageEvent } from '@bursar/events/cloudevent';
import type { FreshTopics } from './kafka.ts';
import { recordOf } from './traffic.ts';

/** The environment of an aggregator on a database and topics of a test's own. */
export function aggregatorEnv(databaseUrl: string, kafka: FreshTopics): Record<string, string> {
  return {
    DATABASE_URL: databaseUrl,
    KAFKA_BROKERS: kafka.brokers.join(','),
    BURSAR_TOPIC_PREFIX: kafka.prefix,
    LOG_LEVEL: 'warn',
  };
}

/** Sends events to the usage topic and waits for Kafka's acknowledgement. */
export async function sendUsage(kafka: FreshTopics, events: readonly UsageEvent[]): Promise<void> {
  const producer = createProducer({ brokers: kafka.brokers, clientId: 'bursar-test' });
  await producer.send(kafka.topics.usage.name, events.map(recordOf));
  await producer.disconnect();
}
