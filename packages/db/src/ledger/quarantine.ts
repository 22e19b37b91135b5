import type { Connection, Queryable } from '../pool.ts';
import { type QuarantineRow, quarantineRows } from './rows.ts';

export type QuarantinedRecord = {
  quarantineId: string;
  topic: string;
  partition: number;
  kafkaOffset: string;
  reason: string;
  detail: string;
  record: string;
};

/** Quarantined records that have not been published to the quarantine topic yet, oldest first. */
export async function unpublishedQuarantine(db: Queryable, most: number): Promise<QuarantinedRecord[]> {
  const { rows } = await db.query<{
    quarantine_id: string;
    topic: string;
    partition: number;
    kafka_offset: string;
    reason: string;
    detail: string;
    record: string;
  }>(
    `select quarantine_id, topic, partition, kafka_offset, reason, detail, record
       from quarantine where published_at is null order by quarantine_id limit $1`,
    [most],
  );
  return rows.map((row) => ({
    quarantineId: row.quarantine_id,
    topic: row.topic,
    partition: row.partition,
    kafkaOffset: row.kafka_offset,
    reason: row.reason,
    detail: row.detail,
    record: row.record,
  }));
}

export async function markQuarantinePublished(db: Queryable, quarantineIds: readonly string[]): Promise<void> {
  await db.query('update quarantine set published_at = clock_timestamp() where quarantine_id = any ($1::bigint[])', [
    quarantineIds,
  ]);
}

/** Keeps records that could not be counted. */
export async function insertQuarantine(connection: Connection, rows: readonly QuarantineRow[]): Promise<void> {
  if (rows.length === 0) return;
  await connection.query(
    `insert into quarantine (${quarantineRows.columns}) select ${quarantineRows.columns} from ${quarantineRows.from()}
     on conflict (topic, partition, kafka_offset) do nothing`,
    quarantineRows.parameters(rows),
  );
}
