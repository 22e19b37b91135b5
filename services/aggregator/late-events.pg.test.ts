import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pool } from '@bursar/db/pool';
import { policyText } from '../../test/harness/installation.ts';
import { ledgerSums, picoUsd } from '../../test/harness/ledger.ts';
import { oracleOf, trafficKey } from '../../test/harness/traffic.ts';
import { countingRoom, eventAt } from './testing/counting-room.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MINUTE_MS = 60_000;
const LIMIT = '{ name: a cent a day, service: search, period: day, budget: 0.0001 USD, on_breach: suspend }';
const policy = policyText({ keys: [{ name: 'search' }], limits: [LIMIT] });
const key = trafficKey();

const COUNTERS = `sum(requests)::int as requests, sum(errors)::int as errors, sum(input_tokens)::int as input,
  sum(output_tokens)::int as output, sum(cost_firm_usd)::text as firm, sum(cost_estimated_usd)::text as estimated,
  sum(cost_provisional_usd)::text as provisional`;

async function sums(db: Pool, table: string, where: string): Promise<Record<string, unknown>> {
  return (await db.query(`select ${COUNTERS} from ${table} where ${where}`)).rows[0];
}

test('an event of three days ago lands in its own minute and quarter hour and leaves a correction that equals it', async () => {
  await using room = await countingRoom('late', policy);
  const atMs = Date.now() - 3 * DAY_MS;
  const event = eventAt(key, atMs);
  await room.write([eventAt(key, Date.now()), event]);
  const bucket = (widthMs: number) => `bucket = '${new Date(Math.floor(atMs / widthMs) * widthMs).toISOString()}'`;
  const minute = await sums(room.db, 'usage_minute', bucket(MINUTE_MS));
  const quarterHour = await sums(room.db, 'usage_quarter_hour', bucket(15 * MINUTE_MS));
  const correction = await sums(room.db, 'cube_correction', 'true');
  const expected = oracleOf([event]);
  assert.deepEqual([minute.requests, minute.input], [1, expected.inputTokens]);
  assert.equal(picoUsd(String(minute.firm)), expected.costPicoUsd);
  assert.deepEqual(quarterHour, minute);
  assert.deepEqual(correction, minute);
  const { rows } = await room.db.query(
    'select cause, topic, partition, first_offset::int, last_offset::int, bucket from cube_correction',
  );
  assert.deepEqual(rows, [
    {
      ...{ cause: 'late_event', topic: 'bursar.usage.v1', partition: 0, first_offset: 0, last_offset: 1 },
      bucket: new Date(Math.floor(atMs / (15 * MINUTE_MS)) * 15 * MINUTE_MS),
    },
  ]);
});

test('a limit that a late event crosses in a closed day is a finding and no breach', async () => {
  await using room = await countingRoom('late_limit', policy);
  await room.write([eventAt(key, Date.now() - 3 * DAY_MS), eventAt(key, Date.now() - 3 * DAY_MS)]);
  const found = await room.db.query(`select kind from finding where kind = 'late_crossing'`);
  assert.equal(found.rowCount, 1);
  assert.equal((await room.db.query('select from breach')).rowCount, 0);
});

test('a day that is closed: its sums now are its sums at close and its corrections, to the last digit', async (t) => {
  // Noon in Berlin, two days ago; then two in the morning after, when that day is closed.
  const day = new Date(Date.now() - 2 * DAY_MS).toISOString().slice(0, 10);
  const noonMs = Date.parse(`${day}T11:00:00Z`);
  const nightMs = noonMs + 14 * HOUR_MS;
  await using room = await countingRoom('closing', policy);
  t.mock.timers.enable({ apis: ['Date'], now: noonMs });
  const duplicate = eventAt(key, noonMs - 2 * HOUR_MS);
  await room.write([duplicate, ...[1, 2, 3].map((minutes) => eventAt(key, noonMs - minutes * 20 * MINUTE_MS))]);
  const inDay = `bucket < '${new Date(noonMs + 12 * HOUR_MS).toISOString()}'`;
  const atClose = await sums(room.db, 'usage_quarter_hour', inDay);
  assert.equal((await room.db.query('select from cube_correction')).rowCount, 0, 'the day was open');

  t.mock.timers.setTime(nightMs);
  const late = [10, 40, 300].map((minutes) => eventAt(key, noonMs + minutes * MINUTE_MS));
  await room.write([duplicate, ...late, eventAt(key, nightMs)]);
  await room.write([eventAt(key, noonMs - 5 * MINUTE_MS), late[0]!]);
  const now = await sums(room.db, 'usage_quarter_hour', inDay);
  const corrected = await sums(room.db, 'cube_correction', inDay);
  for (const counter of ['requests', 'errors', 'input', 'output']) {
    assert.equal(Number(now[counter]), Number(atClose[counter]) + Number(corrected[counter]), counter);
  }
  for (const cost of ['firm', 'estimated', 'provisional']) {
    const of = (row: Record<string, unknown>) => picoUsd(String(row[cost]));
    assert.equal(of(now), of(atClose) + of(corrected), cost);
  }
  assert.equal(corrected.requests, 4);
  assert.deepEqual(await sums(room.db, 'cube_correction', 'true'), corrected, 'the open day has none');
});

test('an event older than the dedup window lands in quarantine and in no sum', async () => {
  await using room = await countingRoom('too_old', policy);
  await room.write([eventAt(key, Date.now() - 11 * DAY_MS)]);
  const { rows } = await room.db.query('select reason from quarantine');
  assert.deepEqual(rows, [{ reason: 'too_old' }]);
  for (const [way, sum] of Object.entries(await ledgerSums(room.db))) assert.deepEqual(sum, oracleOf([]), way);
  assert.equal((await room.db.query('select from cube_correction')).rowCount, 0);
});

test('a day without a partition gets one when its first event comes', async () => {
  await using room = await countingRoom('on_demand', policy);
  const events = [eventAt(key, Date.now() - 5 * DAY_MS), eventAt(key, Date.now())];
  for (const event of events) {
    const day = event.time.slice(0, 10).replaceAll('-', '');
    await room.db.query(`drop table usage_event_${day}, usage_minute_${day}`);
  }
  await room.write(events);
  for (const [way, sum] of Object.entries(await ledgerSums(room.db))) assert.deepEqual(sum, oracleOf(events), way);
});
