import type { Queryable } from '../pool.ts';
import { JOIN_NAMES } from './named-key.ts';
import { USAGE_GROUPS, type UsageGroup, type UsageRow } from './usage.ts';

/** What was added to closed days, in the counters of usage, and from when to when it was recorded. */
export type CorrectionRow = UsageRow & { corrections: string; firstRecordedAt: Date; lastRecordedAt: Date };

export type CorrectionQuery = {
  by: readonly UsageGroup[];
  /** When it was recorded, not when it was used; the end not included. */
  recordedFrom: Date;
  recordedTo: Date;
  zone: string;
};

/** What was added to days after they were closed, the newest days and largest amounts first. */
export async function sumCorrections(db: Queryable, query: CorrectionQuery): Promise<CorrectionRow[]> {
  const groups = query.by.map((group) => USAGE_GROUPS[group]);
  const named = query.by.map((group) => `${USAGE_GROUPS[group]} as "${group}",`).join(' ');
  const { rows } = await db.query<CorrectionRow>(
    `select ${named} count(*) as corrections, min(u.recorded_at) as "firstRecordedAt", max(u.recorded_at) as "lastRecordedAt",
            sum(u.requests) as requests, sum(u.errors) as errors, sum(u.input_tokens) as "inputTokens",
            sum(u.output_tokens) as "outputTokens", sum(u.cache_read_tokens) as "cacheReadTokens",
            sum(u.cache_write_5m_tokens) as "cacheWrite5mTokens", sum(u.cache_write_1h_tokens) as "cacheWrite1hTokens",
            sum(u.web_searches) as "webSearches", sum(u.cost_firm_usd) as "costFirmUsd",
            sum(u.cost_estimated_usd) as "costEstimatedUsd", sum(u.cost_provisional_usd) as "costProvisionalUsd",
            sum(u.cost_firm_usd + u.cost_estimated_usd + u.cost_provisional_usd) as "costTotalUsd"
       from cube_correction u join dimension d using (dimension_id) ${JOIN_NAMES}
      where u.recorded_at >= $1 and u.recorded_at < $2 and $3::text is not null
      group by ${groups.join(', ')}
      order by max(u.bucket) desc, "costTotalUsd" desc, requests desc`,
    [query.recordedFrom, query.recordedTo, query.zone],
  );
  return rows;
}
