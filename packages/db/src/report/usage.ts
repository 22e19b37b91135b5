import type { Queryable } from '../pool.ts';
import { JOIN_NAMES, KEY_NAME } from './named-key.ts';

/** How far the minute cube goes back; the quarter-hour cube is kept for ever. */
export const MINUTES_KEPT_MS = 35 * 86_400_000;

/** What usage can be broken down by. Days and months are those of the zone. */
export const USAGE_GROUPS = {
  key: KEY_NAME,
  role: 'd.role',
  workspace: 'coalesce(ws.name, d.workspace_id)',
  service: 'd.service',
  model: 'd.model',
  principal: 'd.principal',
  day: `to_char(u.bucket at time zone $3, 'YYYY-MM-DD')`,
  month: `to_char(u.bucket at time zone $3, 'YYYY-MM')`,
} as const;

export type UsageGroup = keyof typeof USAGE_GROUPS;

/** Amounts are exact decimal strings in US dollars; token and request counts are strings of whole numbers. */
export type UsageRow = Partial<Record<UsageGroup, string>> & {
  requests: string;
  errors: string;
  inputTokens: string;
  outputTokens: string;
  cacheReadTokens: string;
  cacheWrite5mTokens: string;
  cacheWrite1hTokens: string;
  webSearches: string;
  costFirmUsd: string;
  costEstimatedUsd: string;
  costProvisionalUsd: string;
  costTotalUsd: string;
};

export type UsageQuery = {
  by: readonly UsageGroup[];
  /** Inclusive; a multiple of the grain. */
  from: Date;
  /** Exclusive; a multiple of the grain. */
  to: Date;
  zone: string;
  /** The minute cube goes back 35 days, the quarter-hour cube for ever. */
  grain: 'minute' | 'quarter_hour';
};

/** Sums of a cube, the most expensive group first. */
export async function sumUsage(db: Queryable, query: UsageQuery): Promise<UsageRow[]> {
  const groups = query.by.map((group) => USAGE_GROUPS[group]);
  const named = query.by.map((group) => `${USAGE_GROUPS[group]} as "${group}",`).join(' ');
  const cube = query.grain === 'minute' ? 'usage_minute' : 'usage_quarter_hour';
  const { rows } = await db.query<UsageRow>(
    `select ${named} sum(u.requests) as requests, sum(u.errors) as errors, sum(u.input_tokens) as "inputTokens",
            sum(u.output_tokens) as "outputTokens", sum(u.cache_read_tokens) as "cacheReadTokens",
            sum(u.cache_write_5m_tokens) as "cacheWrite5mTokens", sum(u.cache_write_1h_tokens) as "cacheWrite1hTokens",
            sum(u.web_searches) as "webSearches", sum(u.cost_firm_usd) as "costFirmUsd",
            sum(u.cost_estimated_usd) as "costEstimatedUsd", sum(u.cost_provisional_usd) as "costProvisionalUsd",
            sum(u.cost_firm_usd + u.cost_estimated_usd + u.cost_provisional_usd) as "costTotalUsd"
       from ${cube} u join dimension d using (dimension_id) ${JOIN_NAMES}
      where u.bucket >= $1 and u.bucket < $2 and $3::text is not null
      ${groups.length > 0 ? `group by ${groups.join(', ')}` : 'having count(*) > 0'}
      order by "costTotalUsd" desc, requests desc`,
    [query.from, query.to, query.zone],
  );
  return rows;
}
