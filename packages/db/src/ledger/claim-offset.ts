import type { Connection, Queryable } from '../pool.ts';
import { rowSet } from '../unnest.ts';

/** Held shared by every batch, exclusively by activation: no batch is counted under half a configuration. */
export const EPOCH_LOCK = 7_001;
/** Begins the transaction of a batch. The claim after it sees every activation that this waited for. */
export const BATCH_OPENING = `begin; select pg_advisory_xact_lock_shared(${EPOCH_LOCK})`;

export type OffsetClaim = {
  topic: string;
  partition: number;
  clusterId: string;
  expectedOffset: bigint;
  nextOffset: bigint;
  /** SHA-256 of the last record of the batch, by which the log is known again. */
  lastSha256: Uint8Array;
  owner: string;
  epoch: bigint;
};

export type Claimed = { claimed: true } | { claimed: false; nextOffset: bigint; epoch: bigint };

/**
 * The first statement of a batch, after `BATCH_OPENING`: moves the partition's offset from what this writer expects to what it will have read.
 * It fails when another writer has moved it (this one is a zombie) or when the configuration has changed meanwhile.
 */
export async function claimOffset(connection: Connection, claim: OffsetClaim): Promise<Claimed> {
  const { rows } = await connection.query<{ claimed: boolean; next_offset: string | null; epoch: string }>(
    `with claimed as (
       update kafka_offset set next_offset = $4, last_sha256 = $8, owner = $5, updated_at = clock_timestamp()
        where topic = $1 and partition = $2 and next_offset = $3 and cluster_id = $6
          and exists (select 1 from configuration_epoch where epoch = $7)
       returning 1
     )
     select exists (select 1 from claimed) as claimed,
            (select next_offset from kafka_offset where topic = $1 and partition = $2) as next_offset,
            (select epoch from configuration_epoch) as epoch`,
    [
      claim.topic,
      claim.partition,
      claim.expectedOffset.toString(),
      claim.nextOffset.toString(),
      claim.owner,
      claim.clusterId,
      claim.epoch.toString(),
      claim.lastSha256,
    ],
  );
  const row = rows[0]!;
  if (row.claimed) return { claimed: true };
  if (row.next_offset === null)
    throw new Error(`kafka_offset has no row for ${claim.topic}/${claim.partition}; it was deleted by hand`);
  return { claimed: false, nextOffset: BigInt(row.next_offset), epoch: BigInt(row.epoch) };
}

/**
 * As claimOffset, for several partitions of one topic under one epoch. True when every one was claimed; else some may have been, and the
 * transaction must be rolled back.
 */
export async function claimOffsets(connection: Connection, claims: readonly OffsetClaim[]): Promise<boolean> {
  const rows = claims.map(({ topic, partition, clusterId, expectedOffset, nextOffset, lastSha256, owner }) => ({
    ...{ topic, partition, cluster_id: clusterId, owner, last_sha256: lastSha256 },
    ...{ expected_offset: expectedOffset.toString(), next_offset: nextOffset.toString() },
  }));
  const { rowCount } = await connection.query({
    name: 'claim-offsets',
    text: `with given as (select * from ${claimRows.from(2)}), locked as materialized (
             select topic, partition from kafka_offset join given using (topic, partition)
              order by topic, partition for update of kafka_offset
           )
           update kafka_offset at
              set next_offset = given.next_offset, last_sha256 = given.last_sha256, owner = given.owner, updated_at = clock_timestamp()
             from given join locked using (topic, partition)
            where at.topic = given.topic and at.partition = given.partition and at.next_offset = given.expected_offset
              and at.cluster_id = given.cluster_id and exists (select 1 from configuration_epoch where epoch = $1)`,
    values: [claims[0]!.epoch.toString(), ...claimRows.parameters(rows)],
  });
  return rowCount === claims.length;
}

const claimRows = rowSet<{
  topic: string;
  partition: number;
  cluster_id: string;
  expected_offset: string;
  next_offset: string;
  last_sha256: Uint8Array;
  owner: string;
}>({
  topic: 'text',
  partition: 'int',
  cluster_id: 'text',
  expected_offset: 'bigint',
  next_offset: 'bigint',
  last_sha256: 'bytea',
  owner: 'text',
});

export type KnownOffset = {
  nextOffset: bigint;
  /** Grows when a person says that the log is another one: offsets mean something within one. */
  log: number;
  clusterId: string;
  /** SHA-256 of the record before `nextOffset`; undefined where that record was never read. */
  lastSha256: Buffer | undefined;
};

/** Where the ledger continues on a partition. A partition never seen before begins at `lowWatermark`. */
export async function openOffset(
  db: Queryable,
  at: { topic: string; partition: number; clusterId: string; owner: string; lowWatermark: bigint },
): Promise<KnownOffset> {
  await db.query(
    `insert into kafka_offset (topic, partition, cluster_id, next_offset, owner) values ($1, $2, $3, $4, $5)
     on conflict (topic, partition) do nothing`,
    [at.topic, at.partition, at.clusterId, at.lowWatermark.toString(), at.owner],
  );
  const { rows } = await db.query<{ next_offset: string; log: number; cluster_id: string; last_sha256: Buffer | null }>(
    'select next_offset, log, cluster_id, last_sha256 from kafka_offset where topic = $1 and partition = $2',
    [at.topic, at.partition],
  );
  const row = rows[0]!;
  return {
    nextOffset: BigInt(row.next_offset),
    log: row.log,
    clusterId: row.cluster_id,
    lastSha256: row.last_sha256 ?? undefined,
  };
}

/** Which of these records the ledger holds, as a row or in quarantine: of a replay all, of a rewritten log not all. */
export async function countKnownRecords(
  db: Queryable,
  at: { topic: string; partition: number; eventIds: readonly string[]; unreadableOffsets: readonly bigint[] },
): Promise<number> {
  const { rows } = await db.query<{ known: string }>(
    `with held as (
       select event_id, kafka_offset from quarantine
        where topic = $2 and partition = $3 and log = (select log from kafka_offset where topic = $2 and partition = $3)
          and (kafka_offset = any ($4::bigint[]) or event_id = any ($1::uuid[]))
     )
     select (select count(*) from unnest($1::uuid[]) as given (event_id)
              where exists (select 1 from usage_event stored where stored.event_id = given.event_id)
                 or exists (select 1 from held where held.event_id = given.event_id))
          + (select count(*) from unnest($4::bigint[]) as given (kafka_offset)
              where exists (select 1 from held where held.kafka_offset = given.kafka_offset)) as known`,
    [at.eventIds, at.topic, at.partition, at.unreadableOffsets.map(String)],
  );
  return Number(rows[0]!.known);
}
