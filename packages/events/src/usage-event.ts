import { z } from 'zod';
import { count, instant, sha256Hex, text } from './field.ts';

export const USAGE_TYPE = 'dev.bursar.usage.v1';

const cacheCreation = z
  .object({ ephemeral_5m_input_tokens: count.optional(), ephemeral_1h_input_tokens: count.optional() })
  .nullish();

/** One step of a request that ran in several (fallback, compaction, advisor); each is billed at its own model. */
const iteration = z.object({
  type: text(64),
  model: text(128).nullish(),
  input_tokens: count,
  output_tokens: count,
  cache_creation_input_tokens: count.nullish(),
  cache_read_input_tokens: count.nullish(),
  cache_creation: cacheCreation,
});

/** Anthropic's own counters, by Anthropic's names. `input_tokens` excludes cache reads and writes. */
export const usageCounters = z.object({
  input_tokens: count,
  output_tokens: count,
  cache_creation_input_tokens: count.nullish(),
  cache_read_input_tokens: count.nullish(),
  cache_creation: cacheCreation,
  output_tokens_details: z.object({ thinking_tokens: count.nullish() }).nullish(),
  server_tool_use: z.object({ web_search_requests: count.nullish(), web_fetch_requests: count.nullish() }).nullish(),
  iterations: z.array(iteration).max(64).nullish(),
});

/** The caller's own names for a request. */
export const tagsOf = z
  .record(text(64), text(256))
  .refine((tags) => Object.keys(tags).length <= 16, 'has more than 16 tags');

/** What one attempt of one call did. Wire names; optional fields may be added, none removed. */
export const usageData = z.object({
  /** Groups the SDK's retries of one call: the id of the first attempt, so that its row need not repeat it. */
  callId: z.uuid(),
  attempt: z.int().min(0).max(1000),
  requestId: text(128).optional(),
  messageId: text(128).optional(),
  operation: z.enum(['messages', 'batches', 'count_tokens']),
  key: z.object({ sha256: sha256Hex, hint: text(40), id: text(128).optional() }),
  workspaceId: text(128).optional(),
  organizationId: text(128).optional(),
  service: text(128),
  role: text(64),
  principal: text(256).optional(),
  tags: tagsOf,
  requestedModel: text(128),
  servedModel: text(128).optional(),
  stream: z.boolean(),
  maxTokens: z.object({ requested: count.optional(), sent: count.optional() }),
  serviceTier: text(32).optional(),
  speed: text(32).optional(),
  inferenceGeo: text(32).optional(),
  outcome: z.enum(['complete', 'cancelled', 'truncated', 'http_error', 'transport_error', 'refused']),
  status: z.int().min(100).max(599).optional(),
  errorType: text(128).optional(),
  stopReason: text(64).optional(),
  usage: usageCounters.optional(),
  usageBasis: z.enum(['reported', 'estimated', 'unknown']),
  startedAt: instant,
  durationMs: z.number().min(0).max(1e9),
  firstByteMs: z.number().min(0).max(1e9).optional(),
  emitter: z.object({
    id: text(128),
    /** One per process start of the emitter. */
    boot: z.uuid(),
    /** 1, 2, 3 … within a boot; one per usage event, also for those dropped later. */
    seq: z.int().min(1),
    /** Events given up since the boot began, by reason. Cumulative. */
    dropped: z.record(text(32), count),
  }),
});

export type UsageCounters = z.infer<typeof usageCounters>;
export type UsageData = z.infer<typeof usageData>;
