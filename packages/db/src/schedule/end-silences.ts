import type { Queryable } from '../pool.ts';

/** Resolves the incidents of boots that were heard again, or said goodbye, after they were opened. Returns how many. */
export async function endSilences(db: Queryable, kind: string): Promise<number> {
  const { rowCount } = await db.query(
    `update incident set resolved_at = clock_timestamp(), resolved_by = 'scheduler', resolution = 'the emitter was heard again'
      where kind = $1 and resolved_at is null
        and exists (select 1 from emitter_seq
                     where emitter_id || '/' || boot = incident.subject and last_seen_at > incident.opened_at)`,
    [kind],
  );
  return rowCount ?? 0;
}
