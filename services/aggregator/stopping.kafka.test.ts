import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startService } from '../../infra/local/service-process.ts';
import { aggregatorEnv, sendUsage } from '../../test/harness/aggregator.ts';
import { freshDatabase } from '../../test/harness/database.ts';
import type { FaultProxy } from '../../test/harness/fault-proxy.ts';
import { type FaultyLinks, startFaultyLinks } from '../../test/harness/faulty-links.ts';
import { freshTopics } from '../../test/harness/kafka.ts';
import { testPool, untilStored } from '../../test/harness/ledger.ts';
import { trafficKey, usageEvent } from '../../test/harness/traffic.ts';

/** An aggregator that has counted an event. Sends it another and SIGTERM after `spoil`, and tells how it ended. */
async function stopped(name: string, spoil: (links: FaultyLinks) => Promise<void> | void) {
  await using onExit = new AsyncDisposableStack();
  const database = onExit.use(await freshDatabase(name));
  const db = onExit.use(testPool(database.url));
  const kafka = await freshTopics();
  const links = onExit.use(await startFaultyLinks(aggregatorEnv(database.url, kafka)));
  const aggregator = onExit.use(
    await startService('services/aggregator/main.ts', { ...links.env, DRAIN_TIMEOUT: '8s' }),
  );
  const key = trafficKey();
  await sendUsage(kafka, [usageEvent(key)]);
  await untilStored(db, 1);
  assert.ok(links.kafka.openConnections > 0 && links.postgres.openConnections > 0, 'the links are in use');
  await spoil(links);
  await sendUsage(kafka, [usageEvent(key)]);
  // Long enough for every loop to have begun something that is not answered.
  await sleep(1_500);
  const { code } = await aggregator.kill('SIGTERM');
  return { code, log: aggregator.log() };
}

const silent = (...proxies: FaultProxy[]) => {
  for (const proxy of proxies) proxy.set({ blackhole: true });
};
const spoilt: Record<string, (links: FaultyLinks) => Promise<void> | void> = {
  'whose Postgres has fallen silent': ({ postgres }) => silent(postgres),
  'whose Kafka has fallen silent': ({ kafka }) => silent(kafka),
  'to whom nobody answers any more': ({ kafka, postgres }) => silent(kafka, postgres),
  'whose connections to Kafka were cut, and the next ones are silent': ({ kafka }) => {
    kafka.reset();
    silent(kafka);
  },
  'whose connections end on one side': ({ kafka, postgres }) => {
    kafka.halfClose();
    postgres.halfClose();
  },
};

for (const [index, [how, spoil]] of Object.entries(spoilt).entries()) {
  test(`an aggregator ${how} stops as asked, and leaves nothing open`, async () => {
    const { code, log } = await stopped(`stopping_${index}`, spoil);
    assert.equal(code, 0, log);
    assert.doesNotMatch(log, /held open|still under way/);
  });
}
