import type { Connection, Queryable } from '../pool.ts';
import { type Altered, type QuarantineRow, quarantineRows } from './rows.ts';

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
       select ${others}, coalesce((select log from kafka_offset at where at.topic = given.topic and at.partition = given.partition), 1), case when event_id is null then null
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

/** These records, or those that are held for a reason up to the one that the person saw. */
export type QuarantineSelection = { ids: readonly string[] } | { heldFor: string; upTo: string };

export type DecidableRecord = {
  quarantineId: string;
  state: 'held' | 'retried' | 'discarded';
  reason: string;
  record: string;
  recordKey: string | null;
  headers: Record<string, string | string[]>;
  altered: Altered | null;
  eventId: string | null;
};

/** The selected records, oldest first and at most so many, locked until the transaction ends. */
export async function lockQuarantined(
  connection: Connection,
  selection: QuarantineSelection,
  most: number,
): Promise<DecidableRecord[]> {
  const [where, values] =
    'ids' in selection
      ? ['quarantine_id = any ($2::bigint[])', [selection.ids]]
      : [`state = 'held' and reason = $2 and quarantine_id <= $3::bigint`, [selection.heldFor, selection.upTo]];
  const { rows } = await connection.query<DecidableRecord>(
    `select quarantine_id as "quarantineId", state, reason, record, record_key as "recordKey", headers, altered,
            event_id as "eventId"
       from quarantine where ${where} order by quarantine_id limit $1 for update`,
    [most, ...values],
  );
  return rows;
}

/** Writes down what a person decided about records that the transaction has locked. */
export async function decideQuarantined(
  connection: Connection,
  quarantineIds: readonly string[],
  decision: { state: 'retried' | 'discarded'; actor: string; because: string },
): Promise<void> {
  await connection.query(
    `update quarantine set state = $2, decided_by = $3, decided_because = $4, decided_at = clock_timestamp()
      where quarantine_id = any ($1::bigint[])`,
    [quarantineIds, decision.state, decision.actor, decision.because],
  );
}

/** Forgets records so long after a person decided about them, or after they came; at most so many. Returns how many. */
export async function pruneQuarantine(
  db: Queryable,
  keepMs: { decided: number; held: number },
  most: number,
): Promise<number> {
  const { rowCount } = await db.query(
    `delete from quarantine where quarantine_id in (
       select quarantine_id from quarantine
        where decided_at < clock_timestamp() - $1::float8 * interval '1 millisecond'
           or quarantined_at < clock_timestamp() - $2::float8 * interval '1 millisecond'
        order by quarantine_id limit $3 for update skip locked)`,
    [keepMs.decided, keepMs.held, most],
  );
  return rowCount ?? 0;
}
