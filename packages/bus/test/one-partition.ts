import { randomBytes } from 'node:crypto';
import { eventually } from '../../../infra/local/eventually.ts';
import { stackAddresses } from '../../../test/harness/config.ts';
import { createTopics } from '../src/admin.ts';
import { createKafka, type KafkaSettings } from '../src/kafka-settings.ts';
import { createPartitionLoop, type KafkaRecord, type Verdict } from '../src/partition-loop.ts';

export type OnePartition = { readonly kafka: KafkaSettings; readonly topic: string };

/** A topic of one partition that only this test uses, with settings of its own. */
export async function onePartition(settings: Record<string, string> = {}): Promise<OnePartition> {
  const kafka = { brokers: (await stackAddresses()).kafkaBrokers.split(','), clientId: 'bursar-test' };
  const topic = `test-${randomBytes(4).toString('hex')}`;
  await createTopics(kafka, [{ name: topic, partitions: 1, retentionMs: 3_600_000, cleanup: 'delete' }]);
  await setTopic({ kafka, topic }, settings);
  return { kafka, topic };
}

export async function setTopic({ kafka, topic }: OnePartition, settings: Record<string, string>): Promise<void> {
  const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }));
  if (configEntries.length === 0) return;
  const admin = createKafka(kafka).admin();
  await admin.connect();
  await admin.alterConfigs({ validateOnly: false, resources: [{ type: 2, name: topic, configEntries }] });
  await admin.disconnect();
}

/** Reads with the partition loop until so many records have come. */
export async function readRecords(of: OnePartition, count: number): Promise<KafkaRecord[]> {
  const read: KafkaRecord[] = [];
  const end = new AbortController();
  const loop = createPartitionLoop({
    ...of,
    groupId: of.topic,
    lanes: 1,
    work: async ({ records }): Promise<Verdict> => {
      read.push(...records);
      return { verdict: 'done', next: records.at(-1)!.offset + 1n };
    },
    onLog: () => {},
  });
  const running = loop.run(end.signal);
  await eventually(`${count} records are read`, () => read.length >= count);
  end.abort();
  await running;
  return read;
}
