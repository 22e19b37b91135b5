import type { Queryable } from '../pool.ts';

export type FindingRow = {
  findingId: string;
  kind: string;
  subject: string;
  sentence: string;
  times: number;
  firstSeenAt: Date;
  lastSeenAt: Date;
  resolvedAt: Date | null;
};

/** What is wrong but no breach, the newest first. */
export async function listFindings(db: Queryable, includeResolved = false): Promise<FindingRow[]> {
  const { rows } = await db.query<FindingRow>(
    `select finding_id as "findingId", kind, subject, sentence, times, first_seen_at as "firstSeenAt",
            last_seen_at as "lastSeenAt", resolved_at as "resolvedAt"
       from finding where $1 or resolved_at is null order by last_seen_at desc limit 1000`,
    [includeResolved],
  );
  return rows;
}
