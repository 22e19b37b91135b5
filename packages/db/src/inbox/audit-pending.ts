import type { Queryable } from '../pool.ts';

export type AuditEntry = {
  action: string;
  target: string;
  reason: string;
  /** session_user unless a person's command is carried out on their behalf. */
  actor?: string;
  evidence?: Record<string, unknown>;
};

/** Queues an entry for the audit chain in the transaction of what it tells about. */
export async function insertAudit(db: Queryable, entry: AuditEntry): Promise<void> {
  await db.query(
    `insert into audit_pending (actor, action, target, reason, evidence) values (coalesce($1, session_user), $2, $3, $4, $5)`,
    [entry.actor ?? null, entry.action, entry.target, entry.reason, entry.evidence ?? {}],
  );
}
