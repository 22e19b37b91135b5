import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pool } from '@bursar/db/pool';
import { freshDatabase } from '../../../../test/harness/database.ts';
import { testPool } from '../../../../test/harness/ledger.ts';
import { runHere } from '../testing/run-cli.ts';

type Quarter = { service: string; emitter: string; hoursAgo: number; seen: number; highest: number };
type More = { quarantined?: number; duplicates?: number; dropped?: number; closed?: boolean; pending?: number };

const BOOT = '01900000-0000-7000-8000-000000000001';

async function hear(pool: Pool, heard: Quarter & More): Promise<void> {
  const {
    service,
    emitter,
    hoursAgo,
    seen,
    highest,
    quarantined = 0,
    duplicates = 0,
    closed = true,
    pending = 0,
  } = heard;
  const dropped = heard.dropped === undefined ? {} : { queue_full: heard.dropped };
  await pool.query(
    `insert into emitter_seq as known (emitter_id, boot, partition, service, seen, quarantined, highest_seq, last_event_seq, closed_at, pending, told_at)
     values ($1, $2, 0, $3, $4, $5, $6, $6, case when $7 then now() end, $8, now())
     on conflict (emitter_id, boot, partition) do update
     set seen = known.seen + excluded.seen, highest_seq = excluded.highest_seq, closed_at = excluded.closed_at`,
    [emitter, BOOT, service, seen, quarantined, highest, closed, pending],
  );
  await pool.query(
    `insert into emitter_quarter_hour
       (emitter_id, boot, partition, quarter, service, seen, duplicates, quarantined, unnumbered, highest_seq, lowest_pending, dropped)
     values ($1, $2, 0, date_trunc('hour', now()) - $3 * interval '1 hour', $4, $5, $6, $7, 0, $8, $9, $10)`,
    [emitter, BOOT, hoursAgo, service, seen, duplicates, quarantined, highest, pending, dropped],
  );
}

async function books(name: string) {
  const database = await freshDatabase(name);
  const pool = testPool(database.url);
  await pool.query(
    `insert into kafka_mark (topic, partition, low_offset, end_offset, marked_at) values ('usage', 0, 0, 0, now())`,
  );
  return {
    pool,
    run: (...args: string[]) => runHere(['usage', '--completeness', ...args], database.url),
    async [Symbol.asyncDispose]() {
      await pool.end();
      await database[Symbol.asyncDispose]();
    },
  };
}

test('the books are complete, per service and hour, when each number is counted, quarantined or dropped', async () => {
  await using it = await books('cli_complete');
  await hear(it.pool, {
    service: 'auth',
    emitter: 'auth/1',
    hoursAgo: 2,
    seen: 7,
    highest: 10,
    quarantined: 1,
    dropped: 2,
    duplicates: 4,
  });
  await hear(it.pool, { service: 'auth', emitter: 'auth/2', hoursAgo: 2, seen: 1200, highest: 1200 });
  await hear(it.pool, { service: 'search', emitter: 'search/1', hoursAgo: 1, seen: 3, highest: 3 });
  const { stdout, stderr, code } = await it.run();
  assert.equal(code, 0, stderr);
  assert.match(
    stdout,
    /SERVICE +HOUR +EMITTED +COUNTED +QUARANTINED +DROPPED +ON THE WAY +MISSING +UNKNOWN TAIL +DUPLICATES/,
  );
  assert.match(stdout, /auth +\d{4}-\d\d-\d\d \d\d:00Z +1,210 +1,207 +1 +2 +0 +0 +0 +4/);
  assert.match(stdout, /search +\S+ \S+ +3 +3 +0 +0 +0 +0 +0 +0/);
  assert.match(stderr, /The books are complete: each of the 1,213 requests/);
  const csv = await it.run('--by', 'emitter', '--format', 'csv');
  assert.match(
    csv.stdout,
    /^emitter,emitted,counted,quarantined,dropped,onTheWay,missing,unknownTail,duplicates,droppedBy\n/,
  );
  assert.match(csv.stdout, /^auth\/1,10,7,1,2,0,0,0,4,queue_full=2$/m);
});

test('what is missing and what a killed emitter took with it are told apart, and the books are not complete', async () => {
  await using it = await books('cli_missing');
  await hear(it.pool, { service: 'auth', emitter: 'auth/1', hoursAgo: 3, seen: 7, highest: 10 });
  await hear(it.pool, {
    service: 'auth',
    emitter: 'auth/2',
    hoursAgo: 3,
    seen: 7,
    highest: 11,
    closed: false,
    pending: 4,
  });
  await it.pool.query(`update emitter_seq set last_seen_at = now() - interval '1 hour' where emitter_id = 'auth/2'`);
  const { stdout, stderr, code } = await it.run('--format', 'json');
  assert.equal(code, 0);
  const [row, ...others] = JSON.parse(stdout);
  assert.deepEqual(others, []);
  const { emitted, counted, quarantined, dropped, onTheWay, missing, unknownTail } = row;
  assert.deepEqual([emitted, counted, missing, unknownTail], [21, 14, 3, 4]);
  assert.equal(emitted, counted + quarantined + dropped + onTheWay + missing + unknownTail);
  assert.match(stderr, /The books are not complete: 3 missing, 4 in the tails .* bursar incidents list/);
});

test('what still waits in an emitter is on its way, and a ledger that is behind says so', async () => {
  await using it = await books('cli_on_the_way');
  await hear(it.pool, { service: 'auth', emitter: 'auth/1', hoursAgo: 1, seen: 7, highest: 10, closed: false });
  await it.pool.query('update kafka_mark set end_offset = 1');
  const { stderr } = await it.run();
  assert.match(stderr, /Nothing is missing so far; 3 of 10 are on their way/);
  assert.match(stderr, /the ledger is behind Kafka on partition 0/);
});

test('an hour outside the range is left out, and wrong options are explained', async () => {
  await using it = await books('cli_range');
  await hear(it.pool, { service: 'auth', emitter: 'auth/1', hoursAgo: 30, seen: 7, highest: 10 });
  await hear(it.pool, { service: 'auth', emitter: 'auth/1', hoursAgo: 2, seen: 5, highest: 15 });
  assert.equal(JSON.parse((await it.run('--format', 'json')).stdout)[0].emitted, 5);
  assert.equal(
    JSON.parse((await it.run('--by', 'service', '--since', '40h', '--format', 'json')).stdout)[0].missing,
    3,
  );
  for (const [args, said] of [
    [['--by', 'key'], /--by has "key"; with --completeness it takes service, hour, emitter, boot/],
    [['--since', '90d'], /kept for 35 days/],
  ] as const) {
    const { code, stderr } = await it.run(...args);
    assert.equal(code, 2);
    assert.match(stderr, said);
  }
});
