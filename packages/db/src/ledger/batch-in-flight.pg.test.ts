import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../../../../infra/local/eventually.ts';
import { freshDatabase } from '../../../../test/harness/database.ts';
import { testPool } from '../../../../test/harness/ledger.ts';
import { activateLimit, batchOf, cellOf, limitedLedger, windowOf } from '../../test/limited-ledger.ts';
import { openListener, type Pool } from '../pool.ts';
import { inTransaction } from '../transaction.ts';
import { BATCH_OPENING, claimOffset, EPOCH_LOCK } from './claim-offset.ts';
import { addToWindows } from './windows.ts';
import { writeBatch } from './write-batch.ts';

/** Waits until somebody waits for the epoch, or what was to wait has ended without. */
async function untilItWaits(db: Pool, work: Promise<unknown>): Promise<void> {
  let ended = false;
  const end = () => {
    ended = true;
  };
  work.then(end, end);
  await eventually('somebody waits for the epoch', async () => {
    const waiting = await db.query(
      `select from pg_locks join pg_database on pg_database.oid = database
        where datname = current_database() and locktype = 'advisory' and not granted and objid = $1`,
      [EPOCH_LOCK],
    );
    return ended || waiting.rowCount === 1;
  });
}

test('a batch that meets an activation waits for its end, and is then one of another configuration', async () => {
  await using database = await freshDatabase('meets_activation');
  await using db = testPool(database.url);
  const ledger = await limitedLedger(db);
  const writing = await inTransaction(db, async (activation) => {
    await activation.query('select pg_advisory_xact_lock($1)', [EPOCH_LOCK]);
    await activation.query('update configuration_epoch set epoch = epoch + 1');
    const written = writeBatch(db, batchOf(ledger, { windows: [windowOf(ledger, '1')] }));
    await untilItWaits(db, written);
    return { written };
  });
  assert.deepEqual(await writing.written, { state: 'lost', nextOffset: 0n, epoch: ledger.epoch + 1n });
  assert.equal((await db.query('select from limit_window')).rowCount, 0);
});

test('an activation waits for the batch that is being written, and judges what it added', async () => {
  await using database = await freshDatabase('meets_batch');
  await using db = testPool(database.url);
  const ledger = await limitedLedger(db, { limit: '10' });
  const activating = await inTransaction(
    db,
    async (connection) => {
      await claimOffset(connection, batchOf(ledger, {}).claim);
      const activated = activateLimit(db, '5');
      await untilItWaits(db, activated);
      await addToWindows(connection, ledger.policyVersionId, [windowOf(ledger, '7')]);
      return { activated };
    },
    BATCH_OPENING,
  );
  await activating.activated;
  const { rows } = await db.query('select kind, source, total::int from breach');
  assert.deepEqual(rows, [{ kind: 'limit', source: 'activation', total: 7 }]);
});

test('a writer that reads from another cluster writes nothing', async () => {
  await using database = await freshDatabase('other_cluster');
  await using db = testPool(database.url);
  const ledger = await limitedLedger(db);
  const batch = batchOf(ledger, { clusterId: 'elsewhere', windows: [windowOf(ledger, '1')] });
  assert.deepEqual(await writeBatch(db, batch), { state: 'lost', nextOffset: 0n, epoch: ledger.epoch });
  assert.equal((await db.query('select from limit_window')).rowCount, 0);
});

test('a batch that fails at its last statement leaves nothing: no offset, no cell, no window', async () => {
  await using database = await freshDatabase('half_written');
  await using db = testPool(database.url);
  const ledger = await limitedLedger(db);
  await db.query(`create function refuse() returns trigger language plpgsql as $$ begin raise 'refused for a test'; end $$;
    create trigger refuse before insert on limit_window for each row execute function refuse()`);
  const cells = [cellOf(ledger.dimensionIds[0]!)];
  const batch = batchOf(ledger, { minutes: cells, quarterHours: cells, windows: [windowOf(ledger, '1')] });
  await assert.rejects(writeBatch(db, batch), /refused for a test/);
  const { rows } = await db.query(
    `select next_offset::int as next, (select count(*)::int from usage_minute) as minutes,
            (select count(*)::int from usage_quarter_hour) as quarter_hours from kafka_offset`,
  );
  assert.deepEqual(rows, [{ next: 0, minutes: 0, quarter_hours: 0 }]);
});

test('a breach is announced with the commit that holds it', async () => {
  await using database = await freshDatabase('announced');
  await using db = testPool(database.url);
  const ledger = await limitedLedger(db, { limit: '10' });
  const seen: number[] = [];
  const onNotify = async () => {
    seen.push((await db.query('select from breach')).rowCount ?? 0);
  };
  const listener = await openListener(database.url, 'test', ['bursar_breach'], onNotify, () => {});
  await writeBatch(db, batchOf(ledger, { windows: [windowOf(ledger, '9')] }));
  await writeBatch(db, batchOf(ledger, { offset: 1, windows: [windowOf(ledger, '2')] }));
  // What was announced before this has been heard when this is.
  await db.query(`select pg_notify('bursar_breach', '')`);
  await eventually('the announcements are heard', () => seen.length > 0);
  await eventually('both are', () => seen.length === 2, 5_000);
  assert.deepEqual(seen, [1, 1]);
  await listener.close();
});
