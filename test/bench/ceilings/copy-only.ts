import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Pool } from '@bursar/db/pool';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';

const BATCH = 5_000;

/**
 * COPY of rows of the very shape of usage_event, encoded beforehand by Postgres itself, into an empty table with the same
 * primary key: the ceiling of the database step. Rows per second. The ledger must hold `rows` events already.
 */
export async function measureCopyOnly(pool: Pool, rows: number): Promise<number> {
  const connection = await pool.connect();
  try {
    await connection.query('create table copy_ceiling (like usage_event including all)');
    const batches: Buffer[] = [];
    for (let start = 0; start + BATCH <= rows; start += BATCH) {
      const chunks: Buffer[] = [];
      const page = `select * from usage_event order by event_id offset ${start} limit ${BATCH}`;
      const keep = new Writable({ write: (chunk, _, done) => done(void chunks.push(chunk) as undefined) });
      await pipeline(connection.query(copyTo(`copy (${page}) to stdout (format binary)`)), keep);
      batches.push(Buffer.concat(chunks));
    }
    const startedAtMs = performance.now();
    for (const batch of batches) {
      await pipeline(
        Readable.from([batch]),
        connection.query(copyFrom('copy copy_ceiling from stdin (format binary)')),
      );
    }
    return (batches.length * BATCH) / ((performance.now() - startedAtMs) / 1_000);
  } finally {
    await connection.query('drop table if exists copy_ceiling');
    connection.release();
  }
}
