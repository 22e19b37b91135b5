import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensurePartitions, firstIdAt } from '@bursar/db/ledger/partitions';
import { openPool, type Pool } from '@bursar/db/pool';
import { eventually } from '../../../infra/local/eventually.ts';
import { freshInstallation } from '../testing/installation.ts';
import { retentionJob } from './retention.ts';

const DAY_MS = 86_400_000;
const KEEP = { usage_event: 100 * DAY_MS, usage_minute: 35 * DAY_MS };
const untilStopped = new AbortController().signal;

const daysAgo = (days: number) => new Date(Date.now() - days * DAY_MS);
const dayName = (days: number) => daysAgo(days).toISOString().slice(0, 10).replaceAll('-', '');

function retention(pool: Pool): Promise<string> {
  return retentionJob(pool, '* * * * *', KEEP).run(untilStopped);
}

async function partitions(pool: Pool): Promise<string[]> {
  const { rows } = await pool.query(
    `select relname from pg_class where relkind = 'r' and relname ~ '^usage_(event|minute)_\\d{8}$' order by relname`,
  );
  return rows.map(({ relname }) => relname);
}

test('days whose time is over are dropped, requests and minutes each after their own; nothing else is', async () => {
  await using it = await freshInstallation();
  const young = await partitions(it.pool);
  await ensurePartitions(it.pool, daysAgo(102), daysAgo(99));
  await ensurePartitions(it.pool, daysAgo(36), daysAgo(34));
  assert.match(await retention(it.pool), /^7 partitions dropped \(requests are kept 100 days, minutes 35\)$/);
  const expected = [100, 99, 36, 35, 34].map((days) => `usage_event_${dayName(days)}`);
  const minutes = [35, 34].map((days) => `usage_minute_${dayName(days)}`);
  assert.deepEqual(await partitions(it.pool), [...young, ...expected, ...minutes].sort());
  assert.match(await retention(it.pool), /^0 partitions dropped/);
});

test('a table that a person detached to keep it stays; one that a crash left detached goes', async () => {
  await using it = await freshInstallation();
  await ensurePartitions(it.pool, daysAgo(103), daysAgo(102));
  const [kept, left] = [`usage_event_${dayName(103)}`, `usage_event_${dayName(102)}`];
  await it.pool.query(`alter table usage_event detach partition ${kept}`);
  await it.pool.query(`comment on table ${left} is 'bursar: past its retention, to be dropped'`);
  await it.pool.query(`alter table usage_event detach partition ${left}`);
  await retention(it.pool);
  const names = await partitions(it.pool);
  assert.ok(names.includes(kept));
  assert.ok(!names.includes(left));
});

/** A session that has read the whole ledger and keeps its snapshot, as a long export does. */
async function longReader(url: string) {
  const pool = openPool(url, { name: 'long reader', max: 1 });
  const connection = await pool.connect();
  await connection.query('begin isolation level repeatable read');
  await connection.query('select count(*) from usage_event');
  return {
    read: () => connection.query('select count(*) from usage_event'),
    async end() {
      await connection.query('commit');
      connection.release();
      await pool.end();
    },
  };
}

/** Writes and reads through the parent, one short transaction after the other, until it is stopped. */
function steadyTraffic(url: string) {
  const pool = openPool(url, { name: 'steady traffic', max: 1 });
  const stop = new AbortController();
  let transactions = 0;
  const running = (async () => {
    while (!stop.signal.aborted) {
      await pool.query(`update usage_event set seq = seq where event_id >= $1`, [firstIdAt(Date.now())]);
      transactions++;
      await sleep(1);
    }
    await pool.end();
  })();
  return {
    count: () => transactions,
    async stop() {
      stop.abort();
      await running;
    },
  };
}

/** Looks again and again who waits for whom: who but the retention waited, and for a lock on the parent who at all. */
function watchLocks(pool: Pool) {
  const stop = new AbortController();
  const seen = new Set<string>();
  let retentionWaited = false;
  const watching = (async () => {
    while (!stop.signal.aborted) {
      const { rows } = await pool.query<{ application_name: string }>(
        `select application_name from pg_stat_activity
          where datname = current_database() and cardinality(pg_blocking_pids(pid)) > 0`,
      );
      for (const { application_name: name } of rows) {
        if (name === 'scheduler test') retentionWaited = true;
        else seen.add(`${name} waited`);
      }
      const exclusive = await pool.query(
        `select from pg_locks where relation = 'usage_event'::regclass and mode = 'AccessExclusiveLock'`,
      );
      if (exclusive.rowCount !== 0) seen.add('an exclusive lock on the parent');
      await sleep(2);
    }
  })();
  return {
    retentionWaited: () => retentionWaited,
    async stop() {
      stop.abort();
      await watching;
      return [...seen];
    },
  };
}

test('nobody waits for retention: a long reader makes it wait, writers go on, and the next round ends it', async () => {
  await using it = await freshInstallation();
  await ensurePartitions(it.pool, daysAgo(103), daysAgo(102));
  const observer = openPool(it.url, { name: 'observer' });
  const reader = await longReader(it.url);
  const traffic = steadyTraffic(it.url);
  const locks = watchLocks(observer);
  try {
    const before = traffic.count();
    assert.match(await retention(it.pool), new RegExp(`usage_event_${dayName(103)}.* still has a reader, next time$`));
    assert.ok(locks.retentionWaited(), 'the reader did make it wait');
    assert.ok(traffic.count() > before, 'writers went on meanwhile');
    await reader.read();
    // New days are made beside the reader as well.
    await ensurePartitions(it.pool, daysAgo(-5), daysAgo(-5));
    assert.ok((await partitions(it.pool)).includes(`usage_event_${dayName(-5)}`));
  } finally {
    await reader.end();
  }
  await eventually('both days are gone', async () => {
    await retention(it.pool);
    return !(await partitions(it.pool)).some(
      (name) => name === `usage_event_${dayName(103)}` || name === `usage_event_${dayName(102)}`,
    );
  });
  await traffic.stop();
  const waited = await locks.stop();
  await observer.end();
  assert.deepEqual(waited, []);
});
