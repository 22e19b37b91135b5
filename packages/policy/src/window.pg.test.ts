import assert from 'node:assert/strict';
import { test } from 'node:test';
import { windowsAt } from '@bursar/db/schedule/window-at';
import fc from 'fast-check';
import { freshDatabase } from '../../../test/harness/database.ts';
import { testPool } from '../../../test/harness/ledger.ts';
import type { FixedPeriod } from './policy.ts';
import { windowAt } from './window.ts';

const PERIODS: FixedPeriod[] = ['minute', 'hour', 'day', 'week', 'month', 'quarter', 'year', 'total'];
const FIXED_SEED = 20_261_124;
/** What comes later depends on whose edition of the time zone database is newer. */
const SETTLED = new Date('2025-12-31');
const QUESTIONS = 2_000;

test('Postgres and the policy package cut the same windows, in every zone that both know', async () => {
  await using database = await freshDatabase('window_at');
  await using db = testPool(database.url);
  const { rows } = await db.query<{ name: string }>('select name from pg_timezone_names where name = any ($1)', [
    Intl.supportedValuesOf('timeZone'),
  ]);
  const anyQuestion = fc.record({
    period: fc.constantFrom(...PERIODS),
    timezone: fc.constantFrom(...rows.map((row) => row.name).sort()),
    at: fc.date({ min: new Date('1990-01-01'), max: SETTLED, noInvalidDate: true }),
  });
  for (const seed of [FIXED_SEED, Date.now() % 2 ** 31]) {
    const questions = fc.sample(anyQuestion, { seed, numRuns: QUESTIONS });
    const answers = await windowsAt(db, questions);
    assert.equal(answers.length, questions.length);
    for (const [index, { period, timezone, at }] of questions.entries()) {
      const { startMs, endMs } = windowAt(period, timezone, at.getTime());
      const ours = `${new Date(startMs).toISOString()} ${new Date(endMs).toISOString()}`;
      const theirs = `${answers[index]!.start.toISOString()} ${answers[index]!.end.toISOString()}`;
      assert.equal(theirs, ours, `the ${period} of ${at.toISOString()} in ${timezone} (seed ${seed})`);
    }
  }
});
