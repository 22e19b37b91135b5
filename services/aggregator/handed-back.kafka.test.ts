import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../../infra/local/eventually.ts';
import { startService } from '../../infra/local/service-process.ts';
import { aggregatorEnv, sendUsage } from '../../test/harness/aggregator.ts';
import { freshDatabase } from '../../test/harness/database.ts';
import { expireRecords, freshTopics } from '../../test/harness/kafka.ts';
import { ledgerSums, testPool, untilStored } from '../../test/harness/ledger.ts';
import { oracleOf, trafficKey, usageEvent } from '../../test/harness/traffic.ts';

const AGGREGATOR = 'services/aggregator/main.ts';

test('a member that gets a partition back goes on where the ledger is, although Kafka has forgotten what others counted meanwhile', async () => {
  await using database = await freshDatabase('handed_back');
  await using db = testPool(database.url);
  const kafka = await freshTopics();
  const env = aggregatorEnv(database.url, kafka);
  const keys = Array.from({ length: 24 }, trafficKey);
  const sent = keys.map((key) => usageEvent(key));
  const sendToAll = async () => {
    const more = keys.map((key) => usageEvent(key));
    sent.push(...more);
    await sendUsage(kafka, more);
    await untilStored(db, sent.length);
  };
  await using first = await startService(AGGREGATOR, env);
  await sendUsage(kafka, sent);
  await untilStored(db, sent.length);

  await using second = await startService(AGGREGATOR, env);
  await eventually('the second has counted on some partitions', async () => {
    await sendToAll();
    const { rows } = await db.query<{ owner: string }>('select distinct owner from kafka_offset');
    return rows.some(({ owner }) => owner.endsWith(`/${second.pid}`));
  });
  await expireRecords(kafka, kafka.topics.usage.name);
  await second.kill('SIGTERM');
  await sendToAll();

  const { rows } = await db.query<{ sentence: string }>('select sentence from incident');
  assert.deepEqual(rows, []);
  const { rows: owners } = await db.query('select distinct owner like $1 as is_first from kafka_offset', [
    `%/${first.pid}`,
  ]);
  assert.deepEqual(owners, [{ is_first: true }]);
  for (const [way, sum] of Object.entries(await ledgerSums(db))) assert.deepEqual(sum, oracleOf(sent), `by ${way}`);
});
