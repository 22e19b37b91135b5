import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freshDatabase } from '../../../../test/harness/database.ts';
import { testPool } from '../../../../test/harness/ledger.ts';
import { ensurePartitions, firstIdAt } from './partitions.ts';

const DAY_MS = 86_400_000;

test('makes a partition per UTC day and table, once, whatever the zone of the session and however many ask', async () => {
  await using database = await freshDatabase('partitions');
  await using db = testPool(`${database.url}?options=-c%20timezone%3DPacific/Auckland%20-c%20datestyle%3DSQL,DMY`);
  // Europe and New Zealand change their clocks in these days; UTC does not.
  const from = new Date('2026-03-28T23:59:59Z');
  const to = new Date('2026-04-06T00:00:00Z');
  await Promise.all([1, 2, 3].map(() => ensurePartitions(db, from, to)));
  const { rows } = await db.query<{ name: string; bounds: string }>(
    `select relname as name, pg_get_expr(relpartbound, oid) as bounds from pg_class
      where relispartition and relkind = 'r' order by relname`,
  );
  assert.equal(rows.length, 20);
  const bounds = new Map(rows.map((row) => [row.name, row.bounds]));
  for (let day = Date.parse('2026-03-28'); day <= to.getTime(); day += DAY_MS) {
    const suffix = new Date(day).toISOString().slice(0, 10).replaceAll('-', '');
    assert.equal(
      bounds.get(`usage_event_${suffix}`),
      `FOR VALUES FROM ('${firstIdAt(day)}') TO ('${firstIdAt(day + DAY_MS)}')`,
    );
    await db.query('insert into usage_minute select $1::timestamptz, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0', [
      new Date(day),
    ]);
    const { rows: cells } = await db.query(
      `select tableoid::regclass::text as name from usage_minute where bucket = $1`,
      [new Date(day)],
    );
    assert.deepEqual(cells, [{ name: `usage_minute_${suffix}` }]);
  }
});

test('refuses a span that only a mistake can ask for', async () => {
  await using database = await freshDatabase('partitions');
  await using db = testPool(database.url);
  await assert.rejects(ensurePartitions(db, new Date('1970-01-01'), new Date('2026-01-01')), /more than 400 days/);
});
