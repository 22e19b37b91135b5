import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pool } from '@bursar/db/pool';
import { trafficKey, usageEvent } from '../../test/harness/traffic.ts';
import { batchAt, keepingRoom } from './testing/keeping-room.ts';

const key = trafficKey();
const events = (count: number) => Array.from({ length: count }, () => usageEvent(key));

/** A room in which a keeper has counted three events, at offsets 0 to 2. */
async function countedThree(name: string) {
  const room = await keepingRoom(name);
  const counted = events(3);
  const keeper = await room.keeper();
  await keeper.work(batchAt({ ...counted }));
  return { ...room, counted, counting: keeper };
}

async function stored(db: Pool): Promise<{ next: number; requests: number; incidents: unknown[] }> {
  const { rows } = await db.query(
    `select next_offset::int as next, (select count(*)::int from usage_event) as requests,
            (select coalesce(json_agg(kind), '[]') from incident) as incidents from kafka_offset`,
  );
  return rows[0];
}

test('a batch that begins later than expected is asked for again from where the ledger stands', async () => {
  await using room = await countedThree('later');
  const [late] = events(1);
  assert.deepEqual(await room.counting.work(batchAt({ 5: late! })), { verdict: 'seek', next: 3n });
  assert.deepEqual(await stored(room.db), { next: 3, requests: 3, incidents: [] });
});

test('what Kafka no longer has halts the partition, and the incident names it', async () => {
  await using room = await countedThree('hole');
  room.marks.low = 5n;
  const [late] = events(1);
  const { verdict } = await room.counting.work(batchAt({ 5: late! }));
  assert.equal(verdict, 'halt');
  assert.deepEqual(await stored(room.db), { next: 3, requests: 3, incidents: ['hole'] });
  const { rows } = await room.db.query('select detail from incident');
  assert.deepEqual(rows, [{ detail: { from: '3', to: '4', log: 1 } }]);
});

test('a hole that a member who lost the partition had fetched and counts is none: reading goes on', async () => {
  await using room = await countedThree('hole_counted');
  const [a, b, late] = events(3);
  room.marks.low = 5n;
  assert.equal((await room.counting.work(batchAt({ 5: late! }))).verdict, 'halt');
  assert.deepEqual(await room.counting.resolved(), []);
  room.marks.low = 0n;
  const zombie = await room.keeper();
  await zombie.work(batchAt({ 2: room.counted[2]!, 3: a! }));
  assert.deepEqual(await room.counting.resolved(), []);
  const { rows } = await room.db.query('select detail, sentence from incident where resolved_at is null');
  assert.deepEqual(rows[0].detail, { from: '4', to: '4', log: 1 }, 'a part of it is still missing');
  assert.match(rows[0].sentence, /offsets 4 to 4 \(1 records/);
  await zombie.work(batchAt({ 4: b! }));
  assert.deepEqual(await room.counting.resolved(), [0]);
  assert.deepEqual(await room.counting.work(batchAt({ 4: b!, 5: late! }, 2)), { verdict: 'done', next: 6n });
});

test('a batch with a gap in it is counted up to the gap', async () => {
  await using room = await countedThree('gap');
  const [a, b, c] = events(3);
  assert.deepEqual(await room.counting.work(batchAt({ 3: a!, 4: b!, 6: c! })), { verdict: 'seek', next: 5n });
  assert.deepEqual(await stored(room.db), { next: 5, requests: 5, incidents: [] });
});

test('records below the expected offset are skipped when all of them are known, and halt the partition when one is not', async () => {
  await using room = await countedThree('lower');
  const [fresh, unknown] = events(2);
  const replay = { ...room.counted, 3: fresh! };
  assert.deepEqual(await room.counting.work(batchAt(replay)), { verdict: 'done', next: 4n });
  const { verdict } = await room.counting.work(batchAt({ ...replay, 1: unknown! }));
  assert.equal(verdict, 'halt');
  assert.deepEqual(await stored(room.db), { next: 4, requests: 4, incidents: ['log_rewritten'] });
});

test('another record where the last one was counted halts the partition, though the ledger knows it', async () => {
  await using room = await countedThree('shifted');
  const [, known] = room.counted;
  const [fresh] = events(1);
  const { verdict } = await room.counting.work(batchAt({ 2: known!, 3: fresh! }, 2));
  assert.equal(verdict, 'halt');
  assert.deepEqual(await stored(room.db), { next: 3, requests: 3, incidents: ['log_rewritten'] });
});

test('the record that was counted last is asked for when the batch does not hold it, and reading goes on behind it', async () => {
  await using room = await countedThree('sought');
  const [fresh] = events(1);
  assert.deepEqual(await room.counting.work(batchAt({ 3: fresh! }, 2)), { verdict: 'seek', next: 2n });
  const again = batchAt({ 2: room.counted[2]!, 3: fresh! }, 2);
  assert.deepEqual(await room.counting.work(again), { verdict: 'done', next: 4n });
  assert.deepEqual(await stored(room.db), { next: 4, requests: 4, incidents: [] });
});

test('a log that ends before what was read halts the partition', async () => {
  await using room = await countedThree('ends');
  room.marks.high = 1n;
  const { verdict } = await room.counting.work(batchAt({ 0: room.counted[0]! }, 2));
  assert.equal(verdict, 'halt');
  assert.deepEqual(await stored(room.db), { next: 3, requests: 3, incidents: ['log_rewritten'] });
});

test('a partition that was read from another cluster halts', async () => {
  await using room = await countedThree('cluster');
  await room.db.query(`update kafka_offset set cluster_id = 'elsewhere'`);
  const { verdict } = await room.counting.work(batchAt({ 2: room.counted[2]!, 3: events(1)[0]! }, 2));
  assert.equal(verdict, 'halt');
  assert.deepEqual(await stored(room.db), { next: 3, requests: 3, incidents: ['other_cluster'] });
});

test('a batch that another member has written meanwhile is left alone, and reading goes on where that member stands', async () => {
  await using room = await countedThree('zombie');
  const [a, b] = events(2);
  const other = await room.keeper();
  const batch = { 2: room.counted[2]!, 3: a!, 4: b! };
  assert.deepEqual(await other.work(batchAt(batch)), { verdict: 'done', next: 5n });
  assert.deepEqual(await room.counting.work(batchAt({ 3: a!, 4: b! })), { verdict: 'done', next: 5n });
  assert.deepEqual(await stored(room.db), { next: 5, requests: 5, incidents: [] });
});
