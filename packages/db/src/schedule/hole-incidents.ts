import type { Incident } from '../inbox/incident.ts';
import type { Queryable } from '../pool.ts';

/** The newest incident of a subject. */
export type KnownIncident = { subject: string; open: boolean; byPerson: boolean; count: number };

/** The newest incident of this kind of each subject, open or not. */
export async function newestIncidents(
  db: Queryable,
  kind: string,
  subjects: readonly string[],
): Promise<KnownIncident[]> {
  const { rows } = await db.query<KnownIncident>(
    `select distinct on (subject) subject, resolved_at is null as open,
            resolved_at is not null and resolved_by <> 'scheduler' as "byPerson", (detail ->> 'count')::float8 as count
       from incident where kind = $1 and subject = any ($2::text[]) order by subject, incident_id desc`,
    [kind, subjects],
  );
  return rows;
}

/** Tells an open incident anew, without paging again. */
export async function retellIncident(db: Queryable, { kind, subject, sentence, detail }: Incident): Promise<void> {
  await db.query(
    'update incident set sentence = $3, detail = $4 where kind = $1 and subject = $2 and resolved_at is null',
    [kind, subject, sentence, detail ?? {}],
  );
}

/** Resolves the open incidents of this kind with these subjects, or with all but these. Returns how many. */
export async function endIncidents(
  db: Queryable,
  kind: string,
  which: { of: readonly string[] } | { allBut: readonly string[] },
  resolution: string,
): Promise<number> {
  const subjects = 'of' in which ? which.of : which.allBut;
  const { rowCount } = await db.query(
    `update incident set resolved_at = clock_timestamp(), resolved_by = 'scheduler', resolution = $3
      where kind = $1 and resolved_at is null and (subject = any ($2::text[])) = $4`,
    [kind, subjects, resolution, 'of' in which],
  );
  return rowCount ?? 0;
}
