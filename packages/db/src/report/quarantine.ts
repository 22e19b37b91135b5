import type { Queryable } from '../pool.ts';

export type QuarantineState = 'held' | 'retried' | 'discarded';

export type QuarantinedRow = {
  quarantineId: string;
  state: QuarantineState;
  reason: string;
  detail: string;
  topic: string;
  partition: number;
  kafkaOffset: string;
  eventId: string | null;
  recordBytes: number;
  quarantinedAt: Date;
  decidedAt: Date | null;
  decidedBy: string | null;
  decidedBecause: string | null;
};

export type QuarantinedRecord = QuarantinedRow & {
  /** Without secrets, and at most its first 16 KiB. */
  record: string;
  recordKey: string | null;
  headers: Record<string, string | string[]>;
  /** How it differs from what came; null when it does not. */
  altered: 'cut' | 'scrubbed' | 'not_text' | null;
};

export type QuarantineFilter = { reason?: string; since?: Date; includeDecided: boolean; limit: number };

const COLUMNS = `quarantine_id as "quarantineId", state, reason, detail, topic, partition, kafka_offset as "kafkaOffset",
  event_id as "eventId", record_bytes as "recordBytes", quarantined_at as "quarantinedAt", decided_at as "decidedAt",
  decided_by as "decidedBy", decided_because as "decidedBecause"`;

/** Records that were not counted, the newest first. */
export async function listQuarantine(db: Queryable, filter: QuarantineFilter): Promise<QuarantinedRow[]> {
  const { rows } = await db.query<QuarantinedRow>(
    `select ${COLUMNS} from quarantine
      where ($1 or state = 'held') and ($2::text is null or reason = $2)
        and ($3::timestamptz is null or quarantined_at >= $3)
      order by quarantine_id desc limit $4`,
    [filter.includeDecided, filter.reason ?? null, filter.since ?? null, filter.limit],
  );
  return rows;
}

/** One record with all that was kept of it; undefined when there is none of that number. */
export async function readQuarantined(db: Queryable, quarantineId: string): Promise<QuarantinedRecord | undefined> {
  const { rows } = await db.query<QuarantinedRecord>(
    `select ${COLUMNS}, record, record_key as "recordKey", headers, altered from quarantine where quarantine_id = $1`,
    [quarantineId],
  );
  return rows[0];
}

/** The newest record that is held for a reason; undefined when none is. */
export async function newestHeldFor(db: Queryable, reason: string): Promise<string | undefined> {
  const { rows } = await db.query<{ newest: string | null }>(
    `select max(quarantine_id) as newest from quarantine where state = 'held' and reason = $1`,
    [reason],
  );
  return rows[0]?.newest ?? undefined;
}
