import type { Queryable } from '../pool.ts';

export type Waiting = {
  proposedHolds: number;
  openIncidents: number;
  openFindings: number;
  /** In quarantine, not decided about. */
  heldRecords: number;
  /** Why, comma-separated; null when there are none. */
  heldReasons: string | null;
  unansweredCommands: number;
};

/** How much waits for a person. */
export async function countWaiting(db: Queryable): Promise<Waiting> {
  const { rows } = await db.query<Waiting>(
    `select (select count(*)::int from hold where state = 'proposed') as "proposedHolds",
            (select count(*)::int from incident where resolved_at is null) as "openIncidents",
            (select count(*)::int from finding where resolved_at is null) as "openFindings",
            (select count(*)::int from quarantine where state = 'held') as "heldRecords",
            (select string_agg(distinct reason, ', ') from quarantine where state = 'held') as "heldReasons",
            (select count(*)::int from command
              where done_at is null and submitted_at < clock_timestamp() - interval '5 seconds') as "unansweredCommands"`,
  );
  return rows[0]!;
}
