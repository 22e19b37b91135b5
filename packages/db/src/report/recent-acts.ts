import type { Queryable } from '../pool.ts';

export type RecentActs = {
  suspendedLastHour: number;
  resumedLastHour: number;
  failedLastHour: number;
  lastAnswerAt: Date | null;
  lastAnswerStatus: number | null;
  lastAnswerError: string | null;
};

/** What was done at the Admin API in the last hour, counting as done only what was read back, and its last answer. */
export async function summarizeRecentActs(db: Queryable): Promise<RecentActs> {
  const { rows } = await db.query<RecentActs>(
    `select count(*) filter (where wanted = 'inactive' and outcome = 'verified')::int as "suspendedLastHour",
            count(*) filter (where wanted = 'active' and outcome = 'verified')::int as "resumedLastHour",
            count(*) filter (where outcome in ('failed', 'unverified'))::int as "failedLastHour",
            last.answered_at as "lastAnswerAt", last.http_status as "lastAnswerStatus",
            last.error_message as "lastAnswerError"
       from (select) always
       left join act on requested_at > clock_timestamp() - interval '1 hour'
       left join (select answered_at, http_status, error_message from act
                   where answered_at is not null order by act_id desc limit 1) last on true
      group by last.answered_at, last.http_status, last.error_message`,
  );
  return rows[0]!;
}
