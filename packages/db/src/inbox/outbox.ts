import type { Queryable } from '../pool.ts';

export type OutboxMessage = {
  severity: 'info' | 'warning' | 'page';
  kind: string;
  subject: string;
  sentence: string;
  detail?: Record<string, unknown>;
  /** The same message is queued once. */
  dedupKey: string;
};

/** Queues a message in the transaction of its cause, so that it is neither lost nor sent before. True when it is new. */
export async function insertOutbox(db: Queryable, message: OutboxMessage): Promise<boolean> {
  const { rowCount } = await db.query(
    `insert into outbox (severity, kind, subject, sentence, detail, dedup_key) values ($1, $2, $3, $4, $5, $6)
     on conflict (dedup_key) do nothing`,
    [message.severity, message.kind, message.subject, message.sentence, message.detail ?? {}, message.dedupKey],
  );
  return rowCount === 1;
}
