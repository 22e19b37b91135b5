import type { ReportPageCursorResponse } from '@anthropic-ai/sdk/core/pagination';
import type { BetaAnalyticsUsageItem } from '@anthropic-ai/sdk/resources/beta/organization/analytics/usage';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { timestamp } from '../clock.ts';
import type { EmulatorContext } from '../context.ts';
import { badRequest, notFound } from '../errors.ts';
import { cursorPageOf, cursorQuery, repeated } from '../page.ts';
import { type UsageReportQuery, usageReport } from './usage-report.ts';

const BETA = 'analytics-usage-cost-2026-08-24';
const EARLIEST_MS = Date.parse('2026-01-01T00:00:00Z');
const DAY_MS = 86_400_000;
const time = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));
const dimension = z.enum([
  'api_key_id',
  'workspace_id',
  'model',
  'service_tier',
  'speed',
  'inference_geo',
  'context_window',
]);

/** Strict: a filter that is not emulated is refused, since ignoring it would answer another question. */
const usageQuery = z.strictObject({
  starting_at: time,
  ending_at: time.optional(),
  time_bucket_width: z.enum(['1m', '1h', '1d']).optional(),
  'group_by[]': repeated(dimension),
  'api_key_ids[]': repeated(z.string()),
  'workspace_ids[]': repeated(z.string()),
  'models[]': repeated(z.string()),
  'service_tiers[]': repeated(z.string()),
  'speeds[]': repeated(z.string()),
  'inference_geos[]': repeated(z.string()),
  'context_windows[]': repeated(z.string()),
  order: z.enum(['asc', 'desc']).default('desc'),
  order_by: z
    .enum(['time', 'total_tokens', 'uncached_input_tokens', 'output_tokens', 'requests'])
    .default('total_tokens'),
  page: cursorQuery.shape.page,
  limit: cursorQuery.shape.limit.default(20),
});

/** `GET /v1/organizations/analytics/usage`, as late as `analyticsDelayMs` makes it (to the minute). */
export const analyticsRoutes =
  (context: EmulatorContext): FastifyPluginAsyncZod =>
  async (app) => {
    app.get(
      '/v1/organizations/analytics/usage',
      { schema: { querystring: usageQuery } },
      async ({ query, headers }): Promise<ReportPageCursorResponse<BetaAnalyticsUsageItem>> => {
        if (!headers['anthropic-beta']?.includes(BETA)) throw notFound(`Not found without "anthropic-beta: ${BETA}".`);
        const nowMs = context.clock.nowMs();
        const refreshedMs = nowMs - context.analyticsDelayMs;
        const cells = [...context.organization.ledger.values()].filter((cell) => cell.minuteMs <= refreshedMs);
        const page = cursorPageOf(usageReport(cells, reportQuery(query, nowMs)), query);
        return { ...page, has_more: page.next_page !== null, data_refreshed_at: timestamp(refreshedMs) };
      },
    );
  };

function reportQuery(query: z.output<typeof usageQuery>, nowMs: number): UsageReportQuery {
  const { starting_at: startMs, time_bucket_width: bucket } = query;
  if (bucket !== undefined && query.ending_at === undefined) {
    throw badRequest('ending_at: required with time_bucket_width.');
  }
  const endMs = query.ending_at ?? Math.min(nowMs, startMs + 31 * DAY_MS);
  if (startMs < Math.max(EARLIEST_MS, nowMs - 365 * DAY_MS)) {
    throw badRequest('starting_at: must be within the last 365 days and not before 2026-01-01.');
  }
  const longestMs = bucket === '1m' ? DAY_MS : 31 * DAY_MS;
  if (endMs <= startMs || endMs - startMs > longestMs) {
    throw badRequest(`ending_at: must be after starting_at, by at most ${longestMs / DAY_MS} days.`);
  }
  const groupBy = query['group_by[]'] ?? [];
  if (groupBy.length > 5) throw badRequest('group_by: at most 5 dimensions.');
  const filters = {
    api_key_id: query['api_key_ids[]'],
    workspace_id: query['workspace_ids[]'],
    model: query['models[]'],
    service_tier: query['service_tiers[]'],
    speed: query['speeds[]'],
    inference_geo: query['inference_geos[]'],
    context_window: query['context_windows[]'],
  };
  return { startMs, endMs, bucket, groupBy, filters, orderBy: query.order_by, order: query.order };
}
