import type { Queryable } from '../pool.ts';
import { insertOutbox } from './outbox.ts';

export type Incident = { kind: string; subject: string; sentence: string; detail?: Record<string, unknown> };

/** Opens an incident and pages. An incident that is already open stays as it was first told. */
export async function openIncident(db: Queryable, incident: Incident): Promise<void> {
  const { rows } = await db.query<{ incident_id: string }>(
    `insert into incident (kind, subject, sentence, detail) values ($1, $2, $3, $4)
     on conflict (kind, subject) where resolved_at is null do nothing returning incident_id`,
    [incident.kind, incident.subject, incident.sentence, incident.detail ?? {}],
  );
  const opened = rows[0];
  if (opened === undefined) return;
  await insertOutbox(db, { severity: 'page', ...incident, dedupKey: `incident/${opened.incident_id}` });
}
