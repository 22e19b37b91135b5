import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pool } from '@bursar/db/pool';
import { trafficKey } from '../../../test/harness/traffic.ts';
import { attacked, goodEvents, metricOf, readyzSays, untilExactly } from './attacked.ts';

const victim = trafficKey();

/** Makes Postgres itself answer the next writes to a table with this SQLSTATE, as a full disk or a failover would. */
async function refuse(db: Pool, table: string, sqlState: string): Promise<void> {
  await db.query(`create or replace function refuse() returns trigger language plpgsql as
    $$ begin raise exception 'refused for a test' using errcode = '${sqlState}'; end $$`);
  await db.query(
    `create or replace trigger refuse before insert on ${table} for each statement execute function refuse()`,
  );
}

const WAITS: [sqlState: string, what: string][] = [
  ['53100', 'a full disk'],
  ['53200', 'no memory'],
  ['25006', 'a read-only server after a failover'],
  ['57P01', 'a server that is going down'],
];

test('a Postgres that is full, out of memory, read-only or going down is waited for, and readiness says so', async () => {
  await using ledger = await attacked('refuses');
  const { db } = ledger;
  const aggregator = await ledger.start();
  const all = [];
  for (const [sqlState, what] of WAITS) {
    await refuse(db, 'usage_quarter_hour', sqlState);
    const good = goodEvents(victim, 20);
    all.push(...good.events);
    await ledger.send(good.records);
    const body = await readyzSays(
      aggregator,
      new RegExp(`partition 0, which waits: refused for a test \\(${sqlState}\\)`),
    );
    assert.ok(body.includes('"ready":false'), what);
    assert.equal(await metricOf(aggregator, 'bursar_partitions_waiting_for_postgres'), 1);
    await db.query('drop trigger refuse on usage_quarter_hour');
    await untilExactly(db, all);
    await readyzSays(aggregator, /"ready":true/);
  }
});

const ENDS: [sqlState: string, code: number, line: RegExp][] = [
  ['42501', 4, /Postgres refuses this login what it needs.*grant it/],
  ['42P01', 3, /the schema is not that of this version.*bursar migrate/],
  ['22012', 5, /a batch failed in a way that nobody foresaw/],
];

test('what waiting does not mend ends the process with a code of its own, and a restart counts all of it', async () => {
  await using ledger = await attacked('ends');
  const { db } = ledger;
  const all = [];
  for (const [sqlState, code, line] of ENDS) {
    await refuse(db, 'usage_quarter_hour', sqlState);
    const good = goodEvents(victim, 5);
    all.push(...good.events);
    await ledger.send(good.records);
    const aggregator = await ledger.start();
    assert.equal((await aggregator.ended).code, code, aggregator.log());
    assert.match(aggregator.log(), line);
    await db.query('drop trigger refuse on usage_quarter_hour');
  }
  await ledger.start();
  await untilExactly(db, all);
});
