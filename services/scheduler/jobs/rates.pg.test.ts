import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pool } from '@bursar/db/pool';
import { addUsage, freshInstallation, limitOf, putInForce } from '../testing/installation.ts';
import { judgeRates } from './rates.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** The running minute: the middle of this hour, so that the minutes around it are of the same hour. */
const thisMinuteMs = Math.floor(Date.now() / HOUR_MS) * HOUR_MS + 30 * MINUTE_MS;
/** Half a minute into the running minute; minutes are counted back from it. */
const NOW = new Date(thisMinuteMs + 30_000);
const minutesAgo = (minutes: number) => new Date(thisMinuteMs - minutes * MINUTE_MS);

const RATE = limitOf({ name: 'rate', select: { role: '*' }, metric: 'requests', period: 'sliding_minute' });
const LASTING = { ...RATE, name: 'lasting', afterMs: 3 * MINUTE_MS, warnAtPercent: [] };

/** Requests per minute of a key, oldest first; the last is the running minute. */
async function addMinutes(pool: Pool, key: string, counts: readonly number[]): Promise<number> {
  let keyRef = 0;
  for (const [index, requests] of counts.entries()) {
    keyRef = await addUsage(pool, { at: minutesAgo(counts.length - 1 - index), key, requests, tokens: requests * 10 });
  }
  return keyRef;
}

async function breaches(pool: Pool) {
  const { rows } = await pool.query<{ line: string }>(
    `select rule || ' ' || subject || ' ' || percent || ' ' || kind || ' ' || total::numeric(20) || ' of ' || amount::numeric(20) as line
       from breach where source = 'rate' order by breach_id`,
  );
  return rows.map((row) => row.line);
}

async function hold(pool: Pool, subject: string, state: string, endedMsAgo: number | null): Promise<void> {
  await pool.query('delete from hold');
  await pool.query(
    `insert into hold (cause, rule, subject, api_key_id, window_start, window_end, generation, state, sentence, evidence, in_force_at, ended_at)
     values ('limit', 'rate', $1, 'apikey_1', now(), now(), 1, $2, 'test', '{"a": 1}', now(), now() - $3 * interval '1 millisecond')`,
    [subject, state, endedMsAgo],
  );
}

test('rates count the running minute and the share of the one before that is less than a minute ago', async () => {
  await using it = await freshInstallation();
  await putInForce(it.pool, { limits: [RATE] });
  const over = await addMinutes(it.pool, 'over', [102, 50]);
  await addMinutes(it.pool, 'at the limit', [100, 50]);
  await addMinutes(it.pool, 'long ago', [1_000, 0, 0]);
  await judgeRates(it.pool, undefined, NOW);
  const found = await breaches(it.pool);
  assert.ok(found.includes(`rate ${over} 100 limit 101 of 100`));
  assert.equal(found.filter((line) => line.includes('limit')).length, 1);
  const { rows } = await it.pool.query(`select window_start, window_end from breach where kind = 'limit'`);
  assert.deepEqual(rows, [{ window_start: minutesAgo(0), window_end: minutesAgo(-1) }]);
});

test('rates are one breach per minute, however often they are looked at', async () => {
  await using it = await freshInstallation();
  await putInForce(it.pool, { limits: [{ ...RATE, warnAtPercent: [] }] });
  await addMinutes(it.pool, 'over', [200, 200, 200]);
  for (const seconds of [1, 30, 59]) await judgeRates(it.pool, undefined, new Date(thisMinuteMs + seconds * 1_000));
  assert.equal((await breaches(it.pool)).length, 1);
  await judgeRates(it.pool, undefined, new Date(thisMinuteMs - 1_000));
  assert.equal((await breaches(it.pool)).length, 2);
});

test('a rate that must stand for three minutes breaks the limit only after that long above it', async () => {
  await using it = await freshInstallation();
  await putInForce(it.pool, { limits: [LASTING] });
  const stood = await addMinutes(it.pool, 'stood', [150, 150, 150, 150, 150]);
  await addMinutes(it.pool, 'began lately', [0, 0, 150, 150, 150]);
  await addMinutes(it.pool, 'rested', [150, 150, 90, 150, 150]);
  await judgeRates(it.pool, undefined, NOW);
  assert.deepEqual(await breaches(it.pool), [`lasting ${stood} 100 limit 225 of 100`]);
});

test('rates warn once per key and hour', async () => {
  await using it = await freshInstallation();
  await putInForce(it.pool, { limits: [RATE] });
  const warned = await addMinutes(it.pool, 'near', [90, 40]);
  await judgeRates(it.pool, undefined, NOW);
  await addUsage(it.pool, { at: minutesAgo(-1), key: 'near', requests: 70 });
  await judgeRates(it.pool, undefined, new Date(NOW.getTime() + MINUTE_MS));
  assert.deepEqual(await breaches(it.pool), [`rate ${warned} 80 warning 85 of 80`]);
  await addUsage(it.pool, { at: minutesAgo(-60), key: 'near', requests: 90 });
  await judgeRates(it.pool, undefined, new Date(NOW.getTime() + HOUR_MS));
  assert.equal((await breaches(it.pool)).length, 2);
});

test('rates do not break a limit again while its hold is in force, nor within the minute after', async () => {
  await using it = await freshInstallation();
  await putInForce(it.pool, { limits: [{ ...RATE, warnAtPercent: [] }] });
  const key = String(await addMinutes(it.pool, 'held', [200, 200]));
  const attempts: [state: string, endedMsAgo: number | null, recorded: number][] = [
    ['in_force', null, 0],
    ['released', 30_000, 0],
    ['overridden', 30_000, 0],
    ['released', 61_000, 1],
  ];
  for (const [state, endedMsAgo, recorded] of attempts) {
    await hold(it.pool, key, state, endedMsAgo);
    await judgeRates(it.pool, undefined, NOW);
    assert.equal((await breaches(it.pool)).length, recorded, `${state} ${endedMsAgo}`);
  }
  await it.pool.query('delete from breach');
  await hold(it.pool, 'another key', 'in_force', null);
  await judgeRates(it.pool, undefined, NOW);
  assert.equal((await breaches(it.pool)).length, 1);
});

test('rates are summed over all keys where the limit says together, and over tokens where it says tokens', async () => {
  await using it = await freshInstallation();
  const sliding = { period: 'sliding_minute', warnAtPercent: [] as number[] } as const;
  const together = { name: 'all', select: { service: 'auth' }, metric: 'requests', each: 'together' } as const;
  const tokens = { name: 'tokens', select: { role: 'USER' }, metric: 'tokens', amount: 900n } as const;
  await putInForce(it.pool, { limits: [limitOf({ ...sliding, ...together }), limitOf({ ...sliding, ...tokens })] });
  await addUsage(it.pool, { at: minutesAgo(0), key: 'one', requests: 60, tokens: 10 }, { service: 'auth' });
  await addUsage(it.pool, { at: minutesAgo(0), key: 'two', requests: 60, tokens: 10 }, { service: 'auth' });
  const talker = await addUsage(it.pool, { at: minutesAgo(0), key: 'three', requests: 1, tokens: 901 });
  await judgeRates(it.pool, undefined, NOW);
  assert.deepEqual(await breaches(it.pool), ['all  100 limit 120 of 100', `tokens ${talker} 100 limit 901 of 900`]);
});
