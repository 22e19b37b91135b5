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

/**
 * Keeps records that could not be counted. Returns the offsets of those that now count as quarantined: not a record that
 * was kept before, nor a further copy of an event that is counted or in quarantine already.
 */
export async function insertQuarantine(connection: Connection, rows: readonly QuarantineRow[]): Promise<Set<string>> {
  if (rows.length === 0) return new Set();
  const others = quarantineRows.columns.replace(', quarter', '');
  const { rows: kept } = await connection.query<{ kafka_offset: string }>(
    `with given as materialized (
       select *, row_number() over (partition by event_id order by kafka_offset) as copy from ${quarantineRows.from()}
     ), kept as (
       insert into quarantine (${others}, log, quarter)
       select ${others}, (select log from kafka_offset at where at.topic = given.topic and at.partition = given.partition), case when event_id is null then null
              when copy = 1 and not exists (select 1 from quarantine known where known.event_id = given.event_id and known.quarter is not null)
                            and not exists (select 1 from usage_event known where known.event_id = given.event_id) then quarter end
         from given
       on conflict (topic, partition, log, kafka_offset) do nothing
       returning kafka_offset, quarter
     )
     select kafka_offset from kept where quarter is not null`,
    quarantineRows.parameters(rows),
  );
  return new Set(kept.map((row) => row.kafka_offset));
}
