import type { Queryable } from '../pool.ts';

export type IncidentRow = {
  incidentId: string;
  kind: string;
  subject: string;
  sentence: string;
  openedAt: Date;
  resolvedAt: Date | null;
  resolvedBy: string | null;
  resolution: string | null;
};

/** What went wrong with Bursar itself, the newest first. */
export async function listIncidents(db: Queryable, includeResolved = false): Promise<IncidentRow[]> {
  const { rows } = await db.query<IncidentRow>(
    `select incident_id as "incidentId", kind, subject, sentence, opened_at as "openedAt",
            resolved_at as "resolvedAt", resolved_by as "resolvedBy", resolution
       from incident where $1 or resolved_at is null order by incident_id desc limit 1000`,
    [includeResolved],
  );
  return rows;
}

export type IncidentRecord = IncidentRow & { detail: Record<string, unknown> };

/** One incident with all that was noted about it. */
export async function readIncident(db: Queryable, incidentId: string): Promise<IncidentRecord | undefined> {
  const { rows } = await db.query<IncidentRecord>(
    `select incident_id as "incidentId", kind, subject, sentence, detail, opened_at as "openedAt",
            resolved_at as "resolvedAt", resolved_by as "resolvedBy", resolution
       from incident where incident_id = $1`,
    [incidentId],
  );
  return rows[0];
}
