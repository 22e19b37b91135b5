import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pool } from '@bursar/db/pool';
import { freshInstallation } from '../testing/installation.ts';
import { reviewEmitters } from './liveness.ts';

const MINUTE_MS = 60_000;
const BOOT = '01900000-0000-7000-8000-000000000001';

type Heard = {
  emitter: string;
  partition?: number;
  minutesAgo: number;
  seen: number;
  highestSeq: number;
  closed?: boolean;
};

async function hear(
  pool: Pool,
  { emitter, partition = 0, minutesAgo, seen, highestSeq, closed = false }: Heard,
): Promise<void> {
  await pool.query(
    `insert into emitter_seq (emitter_id, boot, partition, service, seen, highest_seq, dropped, closed_at, last_seen_at)
     values ($1, $2, $3, 'auth', $4, $5, '{"full": 2}', case when $6 then now() end, now() - $7 * interval '1 minute')
     on conflict (emitter_id, boot, partition) do update set seen = excluded.seen, last_seen_at = excluded.last_seen_at`,
    [emitter, BOOT, partition, seen, highestSeq, closed, minutesAgo],
  );
}

/** The ledger has read all of the one partition of a topic, or not all. */
async function markLedger(pool: Pool, { endOffset = 10 } = {}): Promise<void> {
  await pool.query(
    `insert into kafka_offset (topic, partition, cluster_id, next_offset, owner) values ('usage', 0, 'c', 10, 'o') on conflict do nothing`,
  );
  await pool.query(
    `insert into kafka_mark (topic, partition, low_offset, end_offset, marked_at) values ('usage', 0, 0, $1, now())
     on conflict (topic, partition) do update set end_offset = excluded.end_offset, marked_at = now()`,
    [endOffset],
  );
}

async function incidents(pool: Pool) {
  const { rows } = await pool.query<{ subject: string; most_lost: string; open: boolean }>(
    `select split_part(subject, '/', 1) as subject, detail ->> 'mostLost' as most_lost, resolved_at is null as open
       from incident where kind = 'emitter_silent' order by incident_id`,
  );
  return rows.map(({ subject, most_lost, open }) => `${subject} ${most_lost} ${open ? 'open' : 'resolved'}`);
}

test('an emitter that went silent without saying goodbye is one incident with the most that may be lost', async () => {
  await using it = await freshInstallation();
  await markLedger(it.pool);
  await hear(it.pool, { emitter: 'lost', minutesAgo: 30, seen: 40, highestSeq: 95 });
  await hear(it.pool, { emitter: 'lost', partition: 1, minutesAgo: 20, seen: 50, highestSeq: 100 });
  await hear(it.pool, { emitter: 'closed', minutesAgo: 30, seen: 40, highestSeq: 95, closed: true });
  await hear(it.pool, { emitter: 'alive', minutesAgo: 1, seen: 40, highestSeq: 95 });
  await reviewEmitters(it.pool, 10 * MINUTE_MS);
  await reviewEmitters(it.pool, 10 * MINUTE_MS);
  assert.deepEqual(await incidents(it.pool), ['lost 10 open']);
  const { rows } = await it.pool.query(`select sentence from incident`);
  assert.match(rows[0].sentence, /at most 10 requests are missing \(it reported 2 as dropped\)/);
});

test('an incident that a person resolved stays resolved; one whose emitter is heard again ends by itself', async () => {
  await using it = await freshInstallation();
  await markLedger(it.pool);
  const silent = { emitter: 'a', minutesAgo: 30, seen: 1, highestSeq: 1 };
  await hear(it.pool, silent);
  await reviewEmitters(it.pool, 10 * MINUTE_MS);
  await it.pool.query(`update incident set resolved_at = now(), resolved_by = 'ada'`);
  await reviewEmitters(it.pool, 10 * MINUTE_MS);
  assert.deepEqual(await incidents(it.pool), ['a 0 resolved']);

  await hear(it.pool, { ...silent, emitter: 'b' });
  await reviewEmitters(it.pool, 10 * MINUTE_MS);
  await hear(it.pool, { ...silent, emitter: 'b', minutesAgo: -1 });
  await reviewEmitters(it.pool, 10 * MINUTE_MS);
  assert.deepEqual(await incidents(it.pool), ['a 0 resolved', 'b 0 resolved']);
});

test('while the ledger is behind nobody is silent, however long nobody was heard', async () => {
  await using it = await freshInstallation();
  await hear(it.pool, { emitter: 'a', minutesAgo: 90, seen: 1, highestSeq: 1 });
  const review = () => reviewEmitters(it.pool, 10 * MINUTE_MS);
  assert.match(await review(), /not judged: no aggregator has compared/);
  await markLedger(it.pool, { endOffset: 11 });
  assert.match(await review(), /not judged: the ledger is behind Kafka on partition 0/);
  await it.pool.query(`update kafka_mark set end_offset = 10, marked_at = now() - interval '85 minutes'`);
  await review();
  assert.deepEqual(await incidents(it.pool), [], 'the aggregator ended five minutes after it was heard');
  await markLedger(it.pool);
  await review();
  assert.deepEqual(await incidents(it.pool), ['a 0 open']);
});
