import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freshDatabase } from '../../../test/harness/database.ts';
import { startFaultProxy } from '../../../test/harness/fault-proxy.ts';
import { testPool } from '../../../test/harness/ledger.ts';
import { openPool } from './pool.ts';
import { inTransaction, isConnectionLost } from './transaction.ts';

test('a connection that is lost between two statements of a transaction is an error of that transaction and of nothing else', async () => {
  await using database = await freshDatabase('lost_connection');
  await using db = testPool(database.url);
  const lost = inTransaction(db, async (connection) => {
    const { rows } = await connection.query<{ pid: number }>('select pg_backend_pid() as pid');
    const gone = new Promise((resolve) => connection.once('end', resolve));
    await db.query('select pg_terminate_backend($1)', [rows[0]!.pid]);
    await gone;
    await connection.query('select 1');
  });
  await assert.rejects(lost, (error) => isConnectionLost(error));
  assert.equal((await db.query('select 1')).rowCount, 1, 'the pool goes on with other connections');
});

test('a Postgres that falls silent, its connection still open, is taken for lost and not waited for', async () => {
  await using database = await freshDatabase('silent');
  await using link = await startFaultProxy(() => new URL(database.url).host);
  const url = new URL(database.url);
  url.host = link.address;
  const db = openPool(url.href, { name: 'bursar test', statementTimeoutMs: 200 });
  const lost = inTransaction(db, async (connection) => {
    await connection.query('select 1');
    link.set({ blackhole: true });
    await connection.query('select 2');
  });
  await assert.rejects(lost, (error) => isConnectionLost(error));
  link.set({});
  assert.equal(await inTransaction(db, async (connection) => (await connection.query('select 3')).rowCount), 1);
  await db.end();
});
