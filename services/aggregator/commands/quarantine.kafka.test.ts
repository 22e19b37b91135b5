import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createProducer } from '@bursar/bus/producer';
import { runHere } from '@bursar/cli/testing/run-cli';
import type { UsageEvent } from '@bursar/events/cloudevent';
import { uuidV7 } from '@bursar/events/uuid-v7';
import { eventually } from '../../../infra/local/eventually.ts';
import { startService } from '../../../infra/local/service-process.ts';
import { aggregatorEnv, sendUsage } from '../../../test/harness/aggregator.ts';
import { freshDatabase } from '../../../test/harness/database.ts';
import { freshTopics } from '../../../test/harness/kafka.ts';
import { ledgerSums, testPool, untilStored } from '../../../test/harness/ledger.ts';
import { oracleOf, trafficKey, usageEvent } from '../../../test/harness/traffic.ts';

const AHEAD_MS = 5 * 60_000;

/** Made by a clock that is a little more than five minutes ahead. */
function eventOfFastClock(): UsageEvent {
  const atMs = Date.now() + AHEAD_MS + 2_000;
  return { ...usageEvent(trafficKey(), {}, atMs), id: uuidV7(atMs) };
}

test('an event that came too early is shown, sent again when its time has come, and counts once; what is still wrong comes back as a new record', async () => {
  await using database = await freshDatabase('quarantine_cli');
  await using db = testPool(database.url);
  const kafka = await freshTopics();
  await using _aggregator = await startService('services/aggregator/main.ts', aggregatorEnv(database.url, kafka));
  const early = eventOfFastClock();
  await sendUsage(kafka, [early]);
  const producer = createProducer({ brokers: kafka.brokers, clientId: 'bursar-test' });
  await producer.send(kafka.topics.usage.name, [{ key: 'x', value: '{"type":"dev.bursar.usage.v9"}' }]);
  await producer.disconnect();
  const records = await eventually('both are in quarantine', async () => {
    const { stdout } = await runHere(['quarantine', 'list', '--format', 'json'], database.url);
    const rows = JSON.parse(stdout) as { quarantineId: string; reason: string }[];
    return rows.length === 2 && new Map(rows.map(({ reason, quarantineId }) => [reason, quarantineId]));
  });
  const shown = await runHere(['quarantine', 'show', records.get('from_the_future')!], database.url);
  assert.match(
    shown.stdout,
    /to do +Set the clock of that machine[\s\S]*header +ce_id: [\s\S]*"subject": "[0-9a-f]{64}"/,
  );

  await eventually('its time has come', () => Date.now() > Date.parse(early.time) - AHEAD_MS, 10_000);
  const retried = await runHere(['quarantine', 'retry', ...records.values()], database.url);
  assert.equal(retried.code, 0, retried.stderr);
  assert.match(retried.stdout, /^2 records sent again \(1, 2\)\n$/);
  await untilStored(db, 1);
  await eventually('the other is back', async () => {
    const { rows } = await db.query(`select state from quarantine order by quarantine_id`);
    return rows.map(({ state }) => state).join(' ') === 'retried retried held';
  });
  for (const [way, sums] of Object.entries(await ledgerSums(db))) assert.deepEqual(sums, oracleOf([early]), way);
});
