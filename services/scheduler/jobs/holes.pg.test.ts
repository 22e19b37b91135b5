import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pool } from '@bursar/db/pool';
import { freshInstallation } from '../testing/installation.ts';
import { reviewHoles } from './holes.ts';
import { reviewEmitters } from './liveness.ts';

const MINUTE_MS = 60_000;
const BOOT = '01900000-0000-7000-8000-000000000001';
const times = { holeAfterMs: 10 * MINUTE_MS, silentAfterMs: 30 * MINUTE_MS };

type Heard = {
  emitter?: string;
  partition?: number;
  /** In this quarter of an hour of the day before. */
  quarter?: number;
  seen: number;
  highest: number;
  dropped?: number;
  pending?: number | null;
  closed?: boolean;
};

/** What a batch would write of one boot on one partition in one quarter of an hour. */
async function hear(pool: Pool, heard: Heard): Promise<void> {
  const { emitter = 'search/1', partition = 0, quarter = 0, seen, highest, pending = null, closed = false } = heard;
  const dropped = heard.dropped === undefined ? {} : { queue_full: heard.dropped };
  await pool.query(
    `insert into emitter_seq as known (emitter_id, boot, partition, service, seen, highest_seq, last_event_seq, dropped, pending, told_at, closed_at)
     values ($1, $2, $3, 'search', $4, $5, $5, $6, coalesce($7, 0), case when $7 is not null then now() end, case when $8 then now() end)
     on conflict (emitter_id, boot, partition) do update
     set seen = known.seen + excluded.seen, highest_seq = greatest(known.highest_seq, excluded.highest_seq), last_seen_at = now(),
         last_event_seq = greatest(known.last_event_seq, excluded.last_event_seq), pending = excluded.pending,
         told_at = excluded.told_at, closed_at = excluded.closed_at, dropped = known.dropped || excluded.dropped`,
    [emitter, BOOT, partition, seen, highest, dropped, pending, closed],
  );
  await pool.query(
    `insert into emitter_quarter_hour as known
       (emitter_id, boot, partition, quarter, service, seen, duplicates, quarantined, unnumbered, highest_seq, lowest_pending, dropped)
     values ($1, $2, $3, date_trunc('day', now()) - interval '1 day' + $4 * interval '15 minutes', 'search', $5, 0, 0, 0, $6, $7, $8)
     on conflict (emitter_id, boot, quarter, partition) do update
     set seen = known.seen + excluded.seen, highest_seq = greatest(known.highest_seq, excluded.highest_seq)`,
    [emitter, BOOT, partition, quarter, seen, highest, pending, dropped],
  );
}

/** The ledger has read all that Kafka holds now, or is behind on its one partition. */
async function markLedger(pool: Pool, behind = false): Promise<void> {
  await pool.query(
    `insert into kafka_mark (topic, partition, low_offset, end_offset, marked_at) values ('usage', 0, 0, $1, now())
     on conflict (topic, partition) do update set end_offset = excluded.end_offset, marked_at = now()`,
    [behind ? 1 : 0],
  );
}

/** A look, and again eleven minutes later, in which each emitter that runs has spoken, or has not. */
async function lookTwice(pool: Pool, { spoke = true } = {}): Promise<string> {
  await reviewHoles(pool, times);
  await pool.query(`update emitter_hole set since = since - interval '11 minutes'`);
  if (!spoke) await pool.query(`update emitter_seq set last_seen_at = last_seen_at - interval '11 minutes'`);
  return reviewHoles(pool, times);
}

async function incidents(pool: Pool): Promise<string[]> {
  const { rows } = await pool.query<{ subject: string; count: string; open: boolean }>(
    `select split_part(subject, '/', 2) as subject, detail ->> 'count' as count, resolved_at is null as open
       from incident where kind = 'events_missing' order by incident_id`,
  );
  return rows.map(({ subject, count, open }) => `${subject} ${count} ${open ? 'open' : 'closed'}`);
}

test('numbers that stay missing are one incident with service, emitter, count and hours; it pages once and grows', async () => {
  await using it = await freshInstallation();
  await markLedger(it.pool);
  await hear(it.pool, { quarter: 4, seen: 60, highest: 100 });
  await hear(it.pool, { quarter: 4, seen: 30, highest: 98, partition: 1 });
  await hear(it.pool, { quarter: 5, seen: 0, highest: 100, partition: 2, pending: 0, dropped: 3 });
  await reviewHoles(it.pool, times);
  assert.deepEqual(await incidents(it.pool), [], 'too young');
  await lookTwice(it.pool);
  await reviewHoles(it.pool, times);
  assert.deepEqual(await incidents(it.pool), ['1 7 open']);
  const { rows } = await it.pool.query('select sentence, detail from incident');
  assert.match(
    rows[0].sentence,
    /^7 requests that the emitter search\/1 of search numbered in the hour from \S+T01:00/,
  );
  assert.deepEqual(
    [rows[0].detail.service, rows[0].detail.emitterId, rows[0].detail.boot],
    ['search', 'search/1', BOOT],
  );
  assert.equal(rows[0].detail.hours.length, 1);

  await hear(it.pool, { quarter: 6, seen: 8, highest: 110, pending: 0 });
  await hear(it.pool, { quarter: 7, seen: 0, highest: 110, pending: 0 });
  await lookTwice(it.pool);
  assert.deepEqual(await incidents(it.pool), ['1 9 open'], 'two more are missing');
  const pages = await it.pool.query(`select 1 from outbox where kind = 'events_missing'`);
  assert.equal(pages.rowCount, 1);
});

test('what arrives after all closes the incident, and a part of it lowers the count', async () => {
  await using it = await freshInstallation();
  await markLedger(it.pool);
  await hear(it.pool, { seen: 5, highest: 10, pending: 0, closed: true });
  await lookTwice(it.pool);
  await hear(it.pool, { seen: 3, highest: 9, closed: true });
  await reviewHoles(it.pool, times);
  assert.deepEqual(await incidents(it.pool), ['1 2 open']);
  await hear(it.pool, { seen: 2, highest: 9, closed: true });
  await reviewHoles(it.pool, times);
  assert.deepEqual(await incidents(it.pool), ['1 2 closed']);
  const { rows } = await it.pool.query('select resolved_by, resolution from incident');
  assert.deepEqual(rows, [{ resolved_by: 'scheduler', resolution: 'what was missing has arrived' }]);
});

test('what waits in the emitter, was dropped, or belongs to a quarter that is still open is not missing', async () => {
  await using it = await freshInstallation();
  await markLedger(it.pool);
  await hear(it.pool, { emitter: 'search/waits', quarter: 0, seen: 5, highest: 10 });
  await hear(it.pool, { emitter: 'search/waits', quarter: 1, seen: 1, highest: 11, pending: 5 });
  await hear(it.pool, { emitter: 'search/drops', seen: 5, highest: 10, pending: 0, dropped: 5, closed: true });
  await hear(it.pool, { emitter: 'search/open', seen: 5, highest: 10, pending: 0 });
  await lookTwice(it.pool);
  assert.deepEqual(await incidents(it.pool), []);
});

test('a deploy pages nobody: every boot says goodbye with nothing left', async () => {
  await using it = await freshInstallation();
  await markLedger(it.pool);
  for (const pod of ['a', 'b', 'c'])
    await hear(it.pool, { emitter: `search/${pod}`, seen: 10, highest: 10, pending: 0, closed: true });
  await it.pool.query(`update emitter_seq set last_seen_at = now() - interval '2 hours'`);
  await lookTwice(it.pool);
  await reviewEmitters(it.pool, times.silentAfterMs);
  assert.equal((await it.pool.query('select 1 from incident')).rowCount, 0);
});

test('while the ledger is behind Kafka no hole is judged, and the job says so', async () => {
  await using it = await freshInstallation();
  await hear(it.pool, { seen: 5, highest: 10, pending: 0, closed: true });
  assert.match(await lookTwice(it.pool), /not judged: no aggregator has compared the ledger with Kafka yet/);
  await markLedger(it.pool, true);
  assert.match(await lookTwice(it.pool), /not judged: the ledger is behind Kafka on partition 0/);
  await it.pool.query(`update kafka_mark set end_offset = 0, marked_at = now() - interval '3 hours'`);
  await reviewHoles(it.pool, times);
  assert.deepEqual(await incidents(it.pool), [], 'the ledger has read Kafka up to a time before the hole was seen');
  await markLedger(it.pool);
  await reviewHoles(it.pool, times);
  assert.deepEqual(await incidents(it.pool), ['1 5 open']);
});

test('one loss is one incident: that of an emitter which goes silent tells the whole', async () => {
  await using it = await freshInstallation();
  await markLedger(it.pool);
  await hear(it.pool, { quarter: 0, seen: 5, highest: 10 });
  await hear(it.pool, { quarter: 1, seen: 0, highest: 12, pending: 0 });
  await lookTwice(it.pool, { spoke: false });
  assert.deepEqual(await incidents(it.pool), [], 'nothing was heard of it since the hole was seen');
  await hear(it.pool, { quarter: 1, seen: 0, highest: 12, pending: 0 });
  await reviewHoles(it.pool, times);
  assert.deepEqual(await incidents(it.pool), ['1 5 open']);
  await it.pool.query(`update emitter_seq set last_seen_at = now() - interval '31 minutes'`);
  await reviewEmitters(it.pool, times.silentAfterMs);
  await it.pool.query(`update emitter_hole set since = since - interval '1 hour'`);
  await reviewHoles(it.pool, times);
  const { rows } = await it.pool.query(
    `select kind, detail ->> 'mostLost' as "mostLost", resolution from incident order by incident_id`,
  );
  assert.deepEqual(rows, [
    {
      kind: 'events_missing',
      mostLost: null,
      resolution: 'the emitter went silent: emitter_silent tells its whole loss',
    },
    { kind: 'emitter_silent', mostLost: '7', resolution: null },
  ]);
});

test('an incident that a person resolved stays resolved until more is missing', async () => {
  await using it = await freshInstallation();
  await markLedger(it.pool);
  await hear(it.pool, { seen: 5, highest: 10, pending: 0, closed: true });
  await lookTwice(it.pool);
  await it.pool.query(`update incident set resolved_at = now(), resolved_by = 'ada'`);
  await reviewHoles(it.pool, times);
  assert.deepEqual(await incidents(it.pool), ['1 5 closed']);
  await hear(it.pool, { seen: 0, highest: 11, pending: 0, closed: true });
  await lookTwice(it.pool);
  assert.deepEqual(await incidents(it.pool), ['1 5 closed', '1 6 open']);
});

test('a hole that is older than the accounts that are kept is not taken for one that was filled', async () => {
  await using it = await freshInstallation();
  await markLedger(it.pool);
  await hear(it.pool, { seen: 5, highest: 10, pending: 0, closed: true });
  await lookTwice(it.pool);
  await it.pool.query('delete from emitter_quarter_hour');
  await reviewHoles(it.pool, times);
  assert.deepEqual(await incidents(it.pool), ['1 5 open']);
});
