import type { Queryable } from '../pool.ts';

/** Keys switched off under the ordinary caps, each decision once however often it was tried. */
export type RecentActs = { per10Minutes: number; perHour: number; perDay: number; activeKeys: number };

/** Counts attempts that may have reached Anthropic, whatever their outcome; the caller has locked the gate. */
export async function recentActs(db: Queryable): Promise<RecentActs> {
  const { rows } = await db.query<RecentActs>(
    `select (count(distinct (api_key_id, generation)) filter (where requested_at > clock_timestamp() - interval '10 minutes'))::integer as "per10Minutes",
            (count(distinct (api_key_id, generation)) filter (where requested_at > clock_timestamp() - interval '1 hour'))::integer as "perHour",
            count(distinct (api_key_id, generation))::integer as "perDay",
            (select count(*) from api_key where status = 'active' and gone_at is null)::integer as "activeKeys"
       from act
      where wanted = 'inactive' and cause in ('limit', 'rotation', 'unmetered')
        and requested_at > clock_timestamp() - interval '24 hours'`,
  );
  return rows[0]!;
}
