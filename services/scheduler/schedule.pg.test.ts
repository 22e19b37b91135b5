import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pool } from '@bursar/db/pool';
import { claimTick } from '@bursar/db/schedule/claim-tick';
import { lastSuccesses } from '@bursar/db/schedule/last-successes';
import { pruneTicks } from '@bursar/db/schedule/prune-ticks';
import { ExitError } from '@bursar/runtime/exit-error';
import { createLog } from '@bursar/runtime/log';
import { createRegistry } from '@bursar/runtime/metrics';
import { eventually } from '../../infra/local/eventually.ts';
import { postgresCoordinator } from './coordinator.ts';
import type { Job } from './job.ts';
import { createSchedulerMetrics } from './metrics.ts';
import { createSchedule } from './schedule.ts';
import { freshInstallation } from './testing/installation.ts';

const NEVER = '0 0 1 1 *';
const log = createLog({ service: 'scheduler test', level: 'silent' });

/** A schedule that runs until the end of the scope. */
function running(pool: Pool, owner: string, jobs: readonly Job[], takeOverEveryMs = 50) {
  const metrics = createSchedulerMetrics(createRegistry('scheduler'), pool);
  const part = createSchedule({ db: pool, jobs, owner, log, metrics, takeOverEveryMs });
  const stop = new AbortController();
  const ended = part.run!(stop.signal);
  ended.catch(() => {});
  return {
    part,
    ended,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await ended.catch(() => {});
      await part.drain!();
    },
  };
}

function job(run: Job['run'], parts: Partial<Job> = {}): Job {
  return { name: 'work', cron: NEVER, atStart: false, leaseMs: 60_000, run, ...parts };
}

async function ticks(pool: Pool) {
  const { rows } = await pool.query<{ owner: string; outcome: string | null; detail: string | null }>(
    'select owner, outcome, detail from cron_fire order by tick',
  );
  return rows;
}

test('the schedule runs each tick on exactly one of two instances', async () => {
  await using it = await freshInstallation();
  const runs: string[] = [];
  const jobOf = (owner: string) => job(async () => `${runs.push(owner)}`, { cron: '* * * * * *' });
  {
    await using _one = running(it.pool, 'one', [jobOf('one')]);
    await using _two = running(it.pool, 'two', [jobOf('two')]);
    await eventually('three ticks', async () => (await ticks(it.pool)).filter((tick) => tick.outcome).length >= 3);
  }
  const recorded = await ticks(it.pool);
  assert.equal(runs.length, recorded.length);
  assert.ok(recorded.every((tick) => tick.outcome === 'ok'));
});

test('the schedule gives a tick to one of many that ask for it at the same time', async () => {
  await using it = await freshInstallation();
  const key = 'work:2026-11-23T12:00:00.000Z';
  const asked = ['a', 'b', 'c', 'd', 'e'].map((owner) => postgresCoordinator(it.pool, owner).shouldRun(key, 60_000));
  assert.deepEqual((await Promise.all(asked)).filter(Boolean), [true]);
  const { rows } = await it.pool.query('select job, tick from cron_fire');
  assert.deepEqual(rows, [{ job: 'work', tick: new Date('2026-11-23T12:00:00Z') }]);
});

test('the schedule holds the next tick back while another instance still works on the last', async () => {
  await using it = await freshInstallation();
  const claim = (tick: string, leaseMs: number) =>
    claimTick(it.pool, { job: 'work', tick: new Date(tick), owner: 'a', leaseMs });
  assert.equal(await claim('2026-11-23T12:00:00Z', 60_000), true);
  assert.equal(await claim('2026-11-23T12:01:00Z', 60_000), false);
  assert.equal(await claim('2026-11-23T12:02:00Z', 0), true);
});

test('the schedule takes over the tick of an instance that is gone, once its lease has ended', async () => {
  await using it = await freshInstallation();
  const old = { job: 'work', owner: 'crashed', leaseMs: 0 };
  await claimTick(it.pool, { ...old, tick: new Date('2026-11-23T12:00:00Z') });
  await claimTick(it.pool, { ...old, tick: new Date('2026-11-23T12:01:00Z') });
  let runs = 0;
  const work = async () => `run ${++runs}`;
  {
    await using _early = running(it.pool, 'early', [job(work, { leaseMs: 60_000 })]);
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal(runs, 0);
    await it.pool.query(`update cron_fire set claimed_at = claimed_at - interval '1 minute'`);
    await eventually('the tick is taken over', () => runs === 1);
  }
  assert.deepEqual(await ticks(it.pool), [
    { owner: 'crashed', outcome: 'abandoned', detail: null },
    { owner: 'early', outcome: 'ok', detail: 'run 1' },
  ]);
});

test('the schedule records a failure, goes on, and is not ready after three in a row', async () => {
  await using it = await freshInstallation();
  const failing = job(() => Promise.reject(new Error('no luck')), { cron: '* * * * * *', atStart: true });
  await using schedule = running(it.pool, 'one', [failing]);
  await eventually('not ready', () => schedule.part.ready!() !== true);
  assert.equal(schedule.part.ready!(), 'work failed 3 times in a row: no luck');
  const recorded = (await ticks(it.pool)).filter((tick) => tick.outcome !== null);
  assert.ok(recorded.length >= 2 && recorded.every((tick) => tick.outcome === 'failed' && tick.detail === 'no luck'));
});

test('the schedule ends the process when a job says that it must', { timeout: 20_000 }, async () => {
  await using it = await freshInstallation();
  const fatal = job(() => Promise.reject(new ExitError('another organization', 4)), { atStart: true });
  await using schedule = running(it.pool, 'one', [fatal]);
  await assert.rejects(schedule.ended, { exitCode: 4 });
});

test('the schedule finishes what is under way before it stops', async () => {
  await using it = await freshInstallation();
  const slow = job(
    async (signal) => {
      await new Promise((resolve) => signal.addEventListener('abort', () => setTimeout(resolve, 50)));
      return 'finished';
    },
    { atStart: true },
  );
  {
    await using _schedule = running(it.pool, 'one', [slow]);
    await eventually('the tick is claimed', async () => (await ticks(it.pool)).length === 1);
  }
  assert.deepEqual(await ticks(it.pool), [{ owner: 'one', outcome: 'ok', detail: 'finished' }]);
});

test('the schedule forgets old ticks, but not the last success of a job', async () => {
  await using it = await freshInstallation();
  await it.pool.query(`insert into cron_fire (job, tick, owner, finished_at, outcome, detail)
    select job, now() - hours * interval '1 hour', 'a', now() - hours * interval '1 hour', outcome, hours || ' h ago'
      from (values ('seldom', 30, 'ok'), ('seldom', 20, 'ok'), ('seldom', 10, 'failed'), ('often', 9, 'ok'), ('often', 1, 'ok'),
                   ('broken', 9, 'failed')) as tick (job, hours, outcome)`);
  assert.equal(await pruneTicks(it.pool, 6 * 3_600_000), 4);
  const successes = await lastSuccesses(it.pool);
  assert.deepEqual(
    successes.map(({ job: name, detail }) => [name, detail]),
    [
      ['often', '1 h ago'],
      ['seldom', '20 h ago'],
    ],
  );
});
