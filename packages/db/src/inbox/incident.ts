import type { Connection, Queryable } from '../pool.ts';
import { insertOutbox } from './outbox.ts';

export type Incident = { kind: string; subject: string; sentence: string; detail?: Record<string, unknown> };

/**
 * Opens an incident and pages. An incident that is already open stays as it was first told, but for the range of a hole:
 * retention takes more, and who lost the partition may still count what it had fetched.
 */
export async function openIncident(db: Queryable, incident: Incident): Promise<void> {
  const { rows } = await db.query<{ incident_id: string }>(
    `insert into incident (kind, subject, sentence, detail) values ($1, $2, $3, $4)
     on conflict (kind, subject) where resolved_at is null
     do update set sentence = excluded.sentence, detail = excluded.detail where incident.kind = 'hole' returning incident_id`,
    [incident.kind, incident.subject, incident.sentence, incident.detail ?? {}],
  );
  const opened = rows[0];
  if (opened === undefined) return;
  await insertOutbox(db, { severity: 'page', ...incident, dedupKey: `incident/${opened.incident_id}` });
}

/** What the open incidents of these kinds are about. */
export async function openIncidentSubjects(db: Queryable, kinds: readonly string[]): Promise<string[]> {
  const { rows } = await db.query<{ subject: string }>(
    'select subject from incident where kind = any ($1) and resolved_at is null',
    [kinds],
  );
  return rows.map((row) => row.subject);
}

export type OpenHole = { subject: string; log: number; nextOffset: bigint; to: bigint };

/** Open holes of which the ledger has read a part or all since they were told: members that lost the partition had fetched it before. */
export async function holesReadSince(db: Queryable): Promise<OpenHole[]> {
  const { rows } = await db.query<{ subject: string; log: number; next_offset: string; to: string }>(
    `select subject, log, next_offset, detail ->> 'to' as to
       from incident join kafka_offset on subject = topic || '/' || partition and log = (detail ->> 'log')::integer
      where kind = 'hole' and resolved_at is null and next_offset > (detail ->> 'from')::bigint`,
  );
  return rows.map(({ subject, log, next_offset, to }) => ({
    ...{ subject, log, nextOffset: BigInt(next_offset), to: BigInt(to) },
  }));
}

/** Resolves an open incident in the name of this login. False when none is open. */
export async function resolveIncident(
  db: Queryable,
  kind: string,
  subject: string,
  resolution: string,
): Promise<boolean> {
  const { rowCount } = await db.query(
    `update incident set resolved_at = clock_timestamp(), resolved_by = session_user, resolution = $3
      where kind = $1 and subject = $2 and resolved_at is null`,
    [kind, subject, resolution],
  );
  return rowCount === 1;
}

export type LockedIncident = Required<Incident> & { incidentId: string; resolvedBy: string | null };

/** An incident, open or not, locked until the transaction ends: of two people who resolve it one is first. */
export async function lockIncident(connection: Connection, incidentId: string): Promise<LockedIncident | undefined> {
  const { rows } = await connection.query<LockedIncident>(
    `select incident_id as "incidentId", kind, subject, sentence, detail,
            case when resolved_at is not null then coalesce(resolved_by, 'somebody') end as "resolvedBy"
       from incident where incident_id = $1 for update`,
    [incidentId],
  );
  return rows[0];
}

/** Resolves an incident that the transaction has locked, in the name of the person who asked for it. */
export async function resolveLocked(
  connection: Connection,
  incidentId: string,
  by: { actor: string; resolution: string },
): Promise<void> {
  await connection.query(
    'update incident set resolved_at = clock_timestamp(), resolved_by = $2, resolution = $3 where incident_id = $1',
    [incidentId, by.actor, by.resolution],
  );
}
