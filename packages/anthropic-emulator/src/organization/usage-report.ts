import type {
  BetaAnalyticsUsageGroup,
  BetaAnalyticsUsageItem,
  BetaAnalyticsUsageMetrics,
} from '@anthropic-ai/sdk/resources/beta/organization/analytics/usage';
import { timestamp } from '../clock.ts';
import type { UsageCell, UsageDimensions } from '../messages/usage-ledger.ts';

const HOUR_MS = 3_600_000;
const BUCKET_MS = { '1m': 60_000, '1h': HOUR_MS, '1d': 24 * HOUR_MS } as const;

export type UsageReportQuery = {
  /** Milliseconds since 1970; `endMs` is exclusive. */
  readonly startMs: number;
  readonly endMs: number;
  readonly bucket: keyof typeof BUCKET_MS | undefined;
  readonly groupBy: readonly (keyof UsageDimensions)[];
  /** Per dimension the values to keep; a dimension that is left out is not filtered. */
  readonly filters: Partial<Record<keyof UsageDimensions, readonly string[] | undefined>>;
  readonly orderBy: 'time' | 'total_tokens' | 'uncached_input_tokens' | 'output_tokens' | 'requests';
  readonly order: 'asc' | 'desc';
};

/**
 * Sums cells as Anthropic's Usage Analytics does: a row per bucket and combination of the wanted dimensions, which
 * alone are filled in. Without a bucket both bounds are rounded down to whole hours and a row covers all between them.
 */
export function usageReport(cells: Iterable<UsageCell>, query: UsageReportQuery): BetaAnalyticsUsageItem[] {
  const step = query.bucket === undefined ? HOUR_MS : BUCKET_MS[query.bucket];
  const floor = (ms: number) => Math.floor(ms / step) * step;
  const fromMs = floor(query.startMs);
  const toMs = query.bucket === undefined ? floor(query.endMs) : query.endMs;
  const rows = new Map<string, BetaAnalyticsUsageItem>();
  for (const cell of cells) {
    if (cell.minuteMs < fromMs || cell.minuteMs >= toMs || !passes(cell, query)) continue;
    const startMs = query.bucket === undefined ? fromMs : floor(cell.minuteMs);
    const endMs = query.bucket === undefined ? toMs : startMs + step;
    const id = JSON.stringify([startMs, ...query.groupBy.map((dimension) => cell.dimensions[dimension])]);
    const row = rows.get(id) ?? emptyRow(startMs, endMs, groupOf(cell, query.groupBy));
    rows.set(id, row);
    addCell(row.usage, cell);
  }
  return [...rows.values()].sort(comparison(query));
}

const passes = ({ dimensions }: UsageCell, { filters }: UsageReportQuery) =>
  Object.entries(filters).every(
    ([dimension, values]) => values?.includes(String(dimensions[dimension as keyof UsageDimensions])) ?? true,
  );

function groupOf(cell: UsageCell, groupBy: UsageReportQuery['groupBy']): BetaAnalyticsUsageGroup {
  const wanted = <D extends keyof UsageDimensions>(dimension: D) =>
    groupBy.includes(dimension) ? cell.dimensions[dimension] : null;
  return {
    actor: null,
    actor_type: null,
    agent_id: null,
    api_key_id: wanted('api_key_id'),
    claude_tag_category: null,
    claude_tag_user_id: null,
    context_window: wanted('context_window'),
    deployment_id: null,
    environment_id: null,
    inference_geo: wanted('inference_geo'),
    model: wanted('model'),
    organization_id: null,
    product: null,
    rbac_group_id: null,
    service_tier: wanted('service_tier'),
    session_id: null,
    slack_channel_id: null,
    speed: wanted('speed'),
    user_profile_id: null,
    workspace_id: wanted('workspace_id'),
  };
}

const emptyRow = (startMs: number, endMs: number, group: BetaAnalyticsUsageGroup): BetaAnalyticsUsageItem => ({
  starting_at: timestamp(startMs),
  ending_at: timestamp(endMs),
  group,
  usage: {
    cache_creation: { ephemeral_1h_input_tokens: 0, ephemeral_5m_input_tokens: 0 },
    cache_read_input_tokens: 0,
    output_tokens: 0,
    requests: 0,
    server_tool_use: { web_search_requests: 0 },
    total_tokens: 0,
    uncached_input_tokens: 0,
  },
});

function addCell(usage: BetaAnalyticsUsageMetrics, { tally }: UsageCell): void {
  const written = tally.cacheCreation5mInputTokens + tally.cacheCreation1hInputTokens;
  usage.cache_creation.ephemeral_5m_input_tokens += tally.cacheCreation5mInputTokens;
  usage.cache_creation.ephemeral_1h_input_tokens += tally.cacheCreation1hInputTokens;
  usage.cache_read_input_tokens += tally.cacheReadInputTokens;
  usage.output_tokens += tally.outputTokens;
  usage.requests = (usage.requests ?? 0) + tally.requests;
  usage.server_tool_use.web_search_requests += tally.webSearchRequests;
  usage.total_tokens += tally.inputTokens + written + tally.cacheReadInputTokens + tally.outputTokens;
  usage.uncached_input_tokens += tally.inputTokens;
}

/** By time: buckets in `order`, the largest first within one. By a metric: that metric in `order`. */
function comparison({ bucket, orderBy, order }: UsageReportQuery) {
  const sign = order === 'asc' ? 1 : -1;
  const metric = orderBy === 'time' ? 'total_tokens' : orderBy;
  return (a: BetaAnalyticsUsageItem, b: BetaAnalyticsUsageItem): number => {
    const byMetric = (a.usage[metric] ?? 0) - (b.usage[metric] ?? 0);
    if (orderBy !== 'time' || bucket === undefined) return sign * byMetric;
    return sign * (Date.parse(a.starting_at) - Date.parse(b.starting_at)) || -byMetric;
  };
}
