import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs, { type Admin } from 'kafkajs';
import { explainKafkaError } from './explain-error.ts';
import { createKafka, type KafkaSettings } from './kafka-settings.ts';

const { ConfigResourceTypes } = kafkajs;

/** As in @bursar/events/topics; the bus knows no events. */
export type TopicShape = {
  readonly name: string;
  readonly partitions: number;
  readonly retentionMs: number;
  readonly cleanup: 'delete' | 'compact';
};

/** Creates the topics that are missing; those that exist stay as their operator made them. */
export async function createTopics(kafka: KafkaSettings, specs: readonly TopicShape[]): Promise<void> {
  await withAdmin(kafka, async (admin) => {
    const existing = new Set(await admin.listTopics());
    const topics = specs
      .filter((spec) => !existing.has(spec.name))
      .map((spec) => ({
        topic: spec.name,
        numPartitions: spec.partitions,
        replicationFactor: -1,
        configEntries: [
          { name: 'cleanup.policy', value: spec.cleanup },
          { name: 'retention.ms', value: String(spec.retentionMs) },
        ],
      }));
    if (topics.length === 0) return;
    // Not waitForLeaders: kafkajs gives up when a broker does not know the new topic yet.
    await admin.createTopics({ topics, waitForLeaders: false });
    await untilLed(
      admin,
      topics.map(({ topic }) => topic),
    );
  });
}

const LEADERS_TIMEOUT_MS = 15_000;
const LEADERS_POLL_MS = 50;

/** A topic that was just made is known to every broker, and led, a moment later. */
async function untilLed(admin: Admin, topics: string[]): Promise<void> {
  const deadline = performance.now() + LEADERS_TIMEOUT_MS;
  for (;;) {
    const known = await admin.fetchTopicMetadata({ topics }).catch((error: Error) => error);
    const isLed =
      !(known instanceof Error) && known.topics.every((topic) => topic.partitions.every(({ leader }) => leader >= 0));
    if (isLed) return;
    if (performance.now() > deadline) {
      const why = known instanceof Error ? known.message : 'a partition has no leader';
      throw new Error(
        `the topics ${topics.join(', ')} were made but can't be used after ${LEADERS_TIMEOUT_MS} ms: ${why}`,
      );
    }
    await sleep(LEADERS_POLL_MS);
  }
}

/** The id that a cluster keeps for life; offsets mean nothing on another one. */
export async function clusterId(kafka: KafkaSettings): Promise<string> {
  return withAdmin(kafka, async (admin) => (await admin.describeCluster()).clusterId);
}

export type Watermarks = { readonly partition: number; readonly low: bigint; readonly high: bigint };

/** The first offset still kept and the next to be written, per partition. */
export async function watermarks(kafka: KafkaSettings, topic: string): Promise<Watermarks[]> {
  const offsets = await withAdmin(kafka, (admin) => admin.fetchTopicOffsets(topic));
  return offsets
    .map(({ partition, low, high }) => ({ partition, low: BigInt(low), high: BigInt(high) }))
    .sort((a, b) => a.partition - b.partition);
}

/** The first offset of each partition whose record is not older than this, by Kafka's timestamp; its end when there is none. */
export async function offsetsAt(
  kafka: KafkaSettings,
  topic: string,
  atMs: number,
): Promise<ReadonlyMap<number, bigint>> {
  const offsets = await withAdmin(kafka, (admin) => admin.fetchTopicOffsetsByTimestamp(topic, atMs));
  return new Map(offsets.map(({ partition, offset }) => [partition, BigInt(offset)]));
}

/**
 * How long a topic keeps its records, as its broker is set now; -1 keeps for ever.
 * `compacts`: of records with the same key only the last is sure to stay.
 */
export async function topicRetention(
  kafka: KafkaSettings,
  topic: string,
): Promise<{ retentionMs: number; compacts: boolean }> {
  const { resources } = await withAdmin(kafka, (admin) =>
    admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: ConfigResourceTypes.TOPIC, name: topic, configNames: ['retention.ms', 'cleanup.policy'] }],
    }),
  ).catch((error: { type?: string }) => {
    if (error.type !== 'TOPIC_AUTHORIZATION_FAILED') throw error;
    throw new Error(
      `Kafka does not tell this login how the topic ${topic} is set; allow it the operation DescribeConfigs on the topic`,
      { cause: error },
    );
  });
  const value = (name: string) =>
    resources[0]?.configEntries.find(({ configName }) => configName === name)?.configValue;
  const policies = value('cleanup.policy')?.split(',') ?? [];
  const retentionMs = policies.includes('delete') ? Number(value('retention.ms')) : -1;
  return { retentionMs, compacts: policies.includes('compact') };
}

/** Runs work on a connection for administration. For this package: its callers know no kafkajs. */
export async function withAdmin<T>(kafka: KafkaSettings, work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = createKafka(kafka).admin();
  try {
    await admin.connect();
    return await work(admin);
  } catch (error) {
    throw explainKafkaError(error, kafka);
  } finally {
    await admin.disconnect();
  }
}
