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

/** Resolves holes that the ledger has read since: a member that lost the partition had fetched the records before and counted them. */
export async function resolveCountedHoles(db: Queryable): Promise<void> {
  await db.query(
    `update incident set resolved_at = clock_timestamp(), resolved_by = session_user,
            resolution = 'another aggregator had fetched these records and counted them'
       from kafka_offset
      where kind = 'hole' and resolved_at is null and subject = topic || '/' || partition
        and log = (detail ->> 'log')::integer and next_offset > (detail ->> 'to')::bigint`,
  );
}

/** An open hole that begins later by now, because a part of it was counted since it was told. */
export type SmallerHole = { incidentId: string; from: string; nextOffset: bigint; to: bigint; log: number };

export async function smallerHoles(db: Queryable): Promise<SmallerHole[]> {
  const { rows } = await db.query<{ id: string; from: string; next_offset: string; to: string; log: number }>(
    `select incident_id as id, detail ->> 'from' as from, next_offset, detail ->> 'to' as to, log
       from incident join kafka_offset on subject = topic || '/' || partition and log = (detail ->> 'log')::integer
      where kind = 'hole' and resolved_at is null
        and next_offset > (detail ->> 'from')::bigint and next_offset <= (detail ->> 'to')::bigint`,
  );
  return rows.map(({ id, from, next_offset, to, log }) => ({
    ...{ incidentId: id, from, nextOffset: BigInt(next_offset), to: BigInt(to), log },
  }));
}

/** Tells an open incident anew, unless somebody resolved or retold it meanwhile: it must still begin at `from`. */
export async function retellHole(
  db: Queryable,
  incidentId: string,
  from: string,
  told: Required<Pick<Incident, 'sentence' | 'detail'>>,
): Promise<void> {
  await db.query(
    `update incident set sentence = $3, detail = $4
      where incident_id = $1 and resolved_at is null and detail ->> 'from' = $2`,
    [incidentId, from, told.sentence, told.detail],
  );
}

/** Resolves what lies wholly within records that a person passes over, in the name of that person. */
export async function resolvePassedOver(
  connection: Connection,
  subject: string,
  { from, to }: { from: bigint; to: bigint },
  by: { actor: string; resolution: string },
): Promise<void> {
  await connection.query(
    `update incident set resolved_at = clock_timestamp(), resolved_by = $4, resolution = $5
      where subject = $1 and kind in ('hole', 'unreadable_batch') and resolved_at is null
        and (detail ->> 'from')::bigint >= $2 and (detail ->> 'to')::bigint <= $3`,
    [subject, from.toString(), to.toString(), by.actor, by.resolution],
  );
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
