import assert from 'node:assert/strict';
import { test } from 'node:test';
import { topicRetention } from '@bursar/bus/admin';
import { createKafka } from '@bursar/bus/kafka-settings';
import { eventually } from '../../infra/local/eventually.ts';
import { startService } from '../../infra/local/service-process.ts';
import { aggregatorEnv } from '../../test/harness/aggregator.ts';
import { freshDatabase } from '../../test/harness/database.ts';
import { type FreshTopics, freshTopics } from '../../test/harness/kafka.ts';

const DAY_MS = 86_400_000;
const TOPIC_RESOURCE = 2;

/** As an operator does with kafka-configs. */
async function setOnUsage({ brokers, topics }: FreshTopics, configs: Record<string, string>): Promise<void> {
  const admin = createKafka({ brokers, clientId: 'bursar-test' }).admin();
  await admin.connect();
  const configEntries = Object.entries(configs).map(([name, value]) => ({ name, value }));
  const resource = { type: TOPIC_RESOURCE, name: topics.usage.name, configEntries };
  await admin.alterConfigs({ validateOnly: false, resources: [resource] });
  await admin.disconnect();
}

test('an aggregator does not start on a topic that keeps records longer than their ids are known', {
  timeout: 60_000,
}, async () => {
  await using database = await freshDatabase('retention');
  const kafka = await freshTopics();
  const settings = { brokers: kafka.brokers, clientId: 'bursar-test' };
  assert.deepEqual(await topicRetention(settings, kafka.topics.usage.name), {
    retentionMs: 7 * DAY_MS,
    compacts: false,
  });

  await setOnUsage(kafka, { 'retention.ms': '-1', 'cleanup.policy': 'delete' });
  await eventually('the broker tells the new retention', async () => {
    return (await topicRetention(settings, kafka.topics.usage.name)).retentionMs === -1;
  });
  await using aggregator = await startService('services/aggregator/main.ts', aggregatorEnv(database.url, kafka));
  assert.equal((await aggregator.ended).code, 2);
  assert.match(aggregator.log(), /keeps records for ever.*Set retention\.ms=691200000/);

  await setOnUsage(kafka, { 'retention.ms': '60000', 'cleanup.policy': 'compact' });
  await eventually('the broker tells the new policy', async () => {
    return (await topicRetention(settings, kafka.topics.usage.name)).compacts;
  });
  assert.deepEqual(await topicRetention(settings, kafka.topics.usage.name), { retentionMs: -1, compacts: true });
});
