import type { Queryable } from '../pool.ts';

export type Waiting = {
  proposedHolds: number;
  openIncidents: number;
  openFindings: number;
  quarantinedLastHour: number;
  /** Why, comma-separated; null when there are none. */
  quarantineReasons: string | null;
  unansweredCommands: number;
};

/** What a person asks the database to read the newest records that were not counted. */
export const NEWEST_QUARANTINED = 'select reason, detail, record from quarantine order by quarantine_id desc limit 20';

/** How much waits for a person. */
export async function countWaiting(db: Queryable): Promise<Waiting> {
  const { rows } = await db.query<Waiting>(
    `select (select count(*)::int from hold where state = 'proposed') as "proposedHolds",
            (select count(*)::int from incident where resolved_at is null) as "openIncidents",
            (select count(*)::int from finding where resolved_at is null) as "openFindings",
            (select count(*)::int from quarantine
              where quarantined_at > clock_timestamp() - interval '1 hour') as "quarantinedLastHour",
            (select string_agg(distinct reason, ', ') from quarantine
              where quarantined_at > clock_timestamp() - interval '1 hour') as "quarantineReasons",
            (select count(*)::int from command
              where done_at is null and submitted_at < clock_timestamp() - interval '5 seconds') as "unansweredCommands"`,
  );
  return rows[0]!;
}
