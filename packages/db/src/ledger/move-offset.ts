import type { Connection, Queryable } from '../pool.ts';

type Place = { topic: string; partition: number };

export type Standing = { partition: number; nextOffset: bigint; clusterId: string };

/** Where the ledger stands on each partition of a topic that was ever read, in order. */
export async function standingOffsets(db: Queryable, topic: string): Promise<Standing[]> {
  const { rows } = await db.query<{ partition: number; next_offset: string; cluster_id: string }>(
    'select partition, next_offset, cluster_id from kafka_offset where topic = $1 order by partition',
    [topic],
  );
  return rows.map((row) => ({
    partition: row.partition,
    nextOffset: BigInt(row.next_offset),
    clusterId: row.cluster_id,
  }));
}

/** Goes on after records that will never be counted. False when the partition does not stand at `from` any more. */
export async function skipRecords(
  connection: Connection,
  { topic, partition, from, to }: Place & { from: bigint; to: bigint },
): Promise<boolean> {
  const { rowCount } = await connection.query(
    `update kafka_offset set next_offset = $4::bigint + 1, last_sha256 = null, updated_at = clock_timestamp()
      where topic = $1 and partition = $2 and next_offset = $3`,
    [topic, partition, from.toString(), to.toString()],
  );
  return rowCount === 1;
}

/** Begins another log at its first record: what it holds is counted unless its id is known. False when the partition was never read. */
export async function beginLog(
  connection: Connection,
  { topic, partition, clusterId, first }: Place & { clusterId: string; first: bigint },
): Promise<boolean> {
  const { rowCount } = await connection.query(
    `update kafka_offset
        set log = log + 1, cluster_id = $3, next_offset = $4, last_sha256 = null, updated_at = clock_timestamp()
      where topic = $1 and partition = $2`,
    [topic, partition, clusterId, first.toString()],
  );
  return rowCount === 1;
}

/** Reads records again from `to` on. Returns where the partition stood, or undefined when that is not after `to`. */
export async function rewindOffset(
  connection: Connection,
  { topic, partition, to }: Place & { to: bigint },
): Promise<bigint | undefined> {
  const { rows } = await connection.query<{ stood_at: string }>(
    `with before as (
       select next_offset from kafka_offset where topic = $1 and partition = $2 for update
     )
     update kafka_offset set next_offset = $3, last_sha256 = null, updated_at = clock_timestamp()
       from before
      where topic = $1 and partition = $2 and before.next_offset > $3
     returning before.next_offset as stood_at`,
    [topic, partition, to.toString()],
  );
  return rows[0] && BigInt(rows[0].stood_at);
}
