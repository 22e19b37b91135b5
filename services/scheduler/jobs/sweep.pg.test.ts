import assert from 'node:assert/strict';
import { test } from 'node:test';
import { saveApiKeys } from '@bursar/db/inventory/save-api-keys';
import { saveWorkspaces } from '@bursar/db/inventory/save-workspaces';
import { openPool, type Pool } from '@bursar/db/pool';
import { windowsAt } from '@bursar/db/schedule/window-at';
import type { FixedPeriod } from '@bursar/policy/policy';
import { windowAt } from '@bursar/policy/window';
import fc from 'fast-check';
import { eventually } from '../../../infra/local/eventually.ts';
import { freshDatabase } from '../../../test/harness/database.ts';
import { addUsage, freshInstallation, limitOf, putInForce } from '../testing/installation.ts';
import { sweep, sweepJob } from './sweep.ts';

const PERIODS: FixedPeriod[] = ['minute', 'hour', 'day', 'week', 'month', 'quarter', 'year', 'total'];
// Morocco is left out: which offset it will have depends on the age of the zone data in Node and in Postgres.
const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'America/Havana',
  'America/Santiago',
  'America/St_Johns',
  'Atlantic/Azores',
  'Africa/Cairo',
  'Asia/Beirut',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'Pacific/Chatham',
];

test('windows in SQL are those of the policy package, in every zone and around every change of the clock', async () => {
  await using database = await freshDatabase('windows');
  const pool = openPool(database.url, { name: 'window test' });
  const anyInstant = fc.integer({ min: Date.UTC(2024, 0, 1), max: Date.UTC(2031, 0, 1) });
  const anyQuestion = fc.record({
    period: fc.constantFrom(...PERIODS),
    timezone: fc.constantFrom(...ZONES),
    atMs: fc.oneof(
      anyInstant,
      fc.constantFrom(...clockChanges()).chain((ms) => fc.integer({ min: ms - 7_200_000, max: ms + 7_200_000 })),
    ),
  });
  await fc
    .assert(
      fc.asyncProperty(fc.array(anyQuestion, { minLength: 300, maxLength: 300 }), async (questions) => {
        const windows = await windowsAt(
          pool,
          questions.map(({ atMs, ...rest }) => ({ ...rest, at: new Date(atMs) })),
        );
        assert.equal(windows.length, questions.length);
        for (const [index, { period, timezone, atMs }] of questions.entries()) {
          const { startMs, endMs } = windowAt(period, timezone, atMs);
          const expected = [new Date(startMs).toISOString(), new Date(endMs).toISOString()];
          const { start, end } = windows[index]!;
          assert.deepEqual(
            [start.toISOString(), end.toISOString()],
            expected,
            `${period} ${timezone} ${new Date(atMs).toISOString()}`,
          );
        }
      }),
      { numRuns: 10, endOnFailure: true },
    )
    .finally(() => pool.end());
});

/** The instants at which these zones change their clocks, to the quarter hour, in two years. */
function clockChanges(): number[] {
  const changes: number[] = [];
  for (const timeZone of ZONES) {
    const clock = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset', year: 'numeric' });
    const offset = (ms: number) => clock.formatToParts(ms).find(({ type }) => type === 'timeZoneName')!.value;
    for (let ms = Date.UTC(2025, 0, 1); ms < Date.UTC(2027, 0, 1); ms += 86_400_000) {
      let [low, high] = [ms, ms + 86_400_000];
      if (offset(low) === offset(high)) continue;
      while (high - low > 900_000) {
        const middle = (low + high) / 2;
        if (offset(middle) === offset(low)) low = middle;
        else high = middle;
      }
      changes.push(high);
    }
  }
  return changes;
}

async function breaches(pool: Pool): Promise<string[]> {
  const { rows } = await pool.query<{ line: string }>(
    `select rule || ' ' || subject || ' ' || percent || ' ' || kind || ' ' || source as line from breach order by 1`,
  );
  return rows.map((row) => row.line);
}

test('the sweep adds up what the write path and activation add up, for every selector, metric and period', async () => {
  await using it = await freshInstallation();
  const [apiKeyId, createdAt] = ['apikey_1', '2026-01-01T00:00:00Z'];
  await saveWorkspaces(it.pool, [{ workspaceId: 'w1', name: 'Production', archivedAt: null, rateLimits: null }]);
  const unset = { workspaceId: null, createdBy: null, principal: null, expiresAt: null };
  await saveApiKeys(it.pool, [{ apiKeyId, name: 'auth', status: 'active', hint: 'one', createdAt, ...unset }]);
  for (const key of ['one', 'two', 'three']) {
    const usage = { key, requests: 7, tokens: 50, costUsd: '60.000000000001', provisionalUsd: '0.5' };
    await addUsage(it.pool, { at: new Date(), ...usage }, { workspace_id: 'w1', service: 'auth' });
    await addUsage(it.pool, { at: new Date(Date.now() - 3_600_000), ...usage }, { service: 'search' });
    await addUsage(it.pool, { at: new Date(), ...usage }, { role: 'ADMIN' });
  }
  const selectors = [
    { key: 'auth' },
    { role: 'USER' },
    { role: '*' },
    { workspace: 'Production' },
    { service: 'auth' },
  ];
  const limits = selectors.flatMap((select) =>
    (['cost', 'tokens', 'requests'] as const).flatMap((metric) =>
      PERIODS.flatMap((period) =>
        (['key', 'together'] as const).map((each) =>
          limitOf({ name: [...Object.entries(select), metric, period, each].join(), select, metric, period, each }),
        ),
      ),
    ),
  );
  await putInForce(it.pool, { limits });
  const before = await breaches(it.pool);
  const { windows, missed, drifts } = await sweep(it.pool);
  assert.ok(windows > 200, `${windows} windows`);
  assert.deepEqual([missed, drifts], [[], []]);
  assert.deepEqual(await breaches(it.pool), before);
});

test('a breach that is not there is found, recorded, told to the revoker and counted as a defect; once', async () => {
  await using it = await freshInstallation();
  const over = await addUsage(it.pool, { at: new Date(), key: 'over', costUsd: '120' });
  const reached = await addUsage(it.pool, { at: new Date(), key: 'reached', costUsd: '100' });
  const near = await addUsage(it.pool, { at: new Date(), key: 'near', costUsd: '85' });
  const maybe = await addUsage(it.pool, { at: new Date(), key: 'maybe', costUsd: '70', provisionalUsd: '40' });
  await addUsage(it.pool, { at: new Date(), key: 'below', costUsd: '10' });
  await putInForce(it.pool, {
    limits: [limitOf({ name: 'month', select: { role: '*' }, metric: 'cost', period: 'month' })],
  });
  const expected = [
    `month ${over} 100 limit`,
    `month ${over} 80 warning`,
    `month ${reached} 100 limit`,
    `month ${reached} 80 warning`,
    `month ${near} 80 warning`,
    `month ${maybe} 100 provisional`,
    `month ${maybe} 80 warning`,
  ].sort();
  assert.deepEqual(await breaches(it.pool), expected.map((line) => `${line} activation`).sort());

  await it.pool.query('delete from breach');
  const listener = await it.pool.connect();
  const told: string[] = [];
  listener.on('notification', ({ channel }) => told.push(channel));
  await listener.query('listen bursar_breach');
  let counted = 0;
  const job = sweepJob(it.pool, '* * * * *', (breaches) => (counted += breaches));
  await job.run(AbortSignal.timeout(10_000));
  await job.run(AbortSignal.timeout(10_000));
  await eventually('the revoker is told', () => told.includes('bursar_breach')).finally(() => listener.release(true));
  assert.deepEqual(await breaches(it.pool), expected.map((line) => `${line} sweep`).sort());
  assert.equal(counted, 7);
  const { rows } = await it.pool.query(`select subject, times, sentence from finding where kind = 'breach_missed'`);
  assert.deepEqual([rows.length, rows[0].subject, rows[0].times], [1, 'month', 1]);
  assert.match(rows[0].sentence, /7 breaches of month/);
});

test('a window that does not hold what the cube adds up to is an incident with the numbers', async () => {
  await using it = await freshInstallation();
  const key = await addUsage(it.pool, { at: new Date(), key: 'a', costUsd: '10' });
  await addUsage(it.pool, { at: new Date(), key: 'b', costUsd: '10' });
  const limit = limitOf({ name: 'day', select: { role: '*' }, metric: 'cost', period: 'day' });
  await putInForce(it.pool, { limits: [limit] });
  await it.pool.query('update limit_window set total = total - 0.000000000001 where subject = $1', [String(key)]);
  await it.pool.query(`insert into limit_window (measure_id, subject, window_start, window_end, total, provisional)
    select measure_id, 'nobody', window_start, window_end, 1, 0 from limit_window limit 1`);
  const { drifts } = await sweep(it.pool);
  assert.deepEqual(
    drifts.map(({ measure, windows, first }) => [
      measure,
      windows,
      first.map((each) => [each.subject, each.derivedTotal, each.storedTotal]),
    ]),
    [
      [
        limit.measure.id,
        2,
        [
          [String(key), '10.000000000000', '9.999999999999'],
          ['nobody', '0', '1.000000000000'],
        ],
      ],
    ],
  );
  const { rows } = await it.pool.query(`select subject, sentence from incident where kind = 'window_drift'`);
  assert.deepEqual(
    rows.map((row) => row.subject),
    [limit.measure.id],
  );
  assert.match(rows[0].sentence, /2 limit windows do not hold/);
});

test('only open windows are judged: what was broken last month acts on nothing', async () => {
  await using it = await freshInstallation();
  await addUsage(it.pool, { at: new Date(), key: 'a', costUsd: '500' });
  await putInForce(it.pool, {
    limits: [limitOf({ name: 'month', select: { role: '*' }, metric: 'cost', period: 'month' })],
  });
  await it.pool.query('delete from breach');
  const nextMonth = new Date(Date.now() + 32 * 86_400_000);
  assert.deepEqual((await sweep(it.pool, nextMonth)).missed, []);
  assert.equal((await sweep(it.pool)).missed.length, 2);
});

test('a window ends where the next begins: what was used after it is not in it', async () => {
  await using it = await freshInstallation();
  await addUsage(it.pool, { at: new Date(), key: 'a', costUsd: '500' });
  const always = { select: { role: '*' }, metric: 'cost', warnAtPercent: [] as number[] } as const;
  await putInForce(it.pool, { limits: (['hour', 'total'] as const).map((period) => limitOf({ ...always, period })) });
  await it.pool.query('delete from breach');
  const { missed } = await sweep(it.pool, new Date(Date.now() - 2 * 3_600_000));
  assert.deepEqual(
    missed.map(({ rule }) => rule),
    ['cost per total'],
  );
});
