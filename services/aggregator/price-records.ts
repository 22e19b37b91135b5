import type { Dimension } from '@bursar/db/ledger/dimensions';
import type { EventRow } from '@bursar/db/ledger/rows';
import { billedTokens, type Tokens } from '@bursar/pricing/billed-tokens';
import { formatUsd } from '@bursar/pricing/money';
import type { PriceIndex } from '@bursar/pricing/price-index';
import { priceUsage } from '@bursar/pricing/price-usage';
import type { UsageRecord } from './read-records.ts';

const NO_TOKENS: Tokens = { input: 0, output: 0, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0 };

/** A usage record with its price and the place where it counts. */
export type PricedRecord = UsageRecord & {
  tokens: Tokens;
  webSearches: number;
  costPicoUsd: bigint;
  costBasis: 'firm' | 'estimated' | 'provisional';
  dimension: Dimension;
};

/** What the ledger knows of a key beside the event. */
export type KeyLookup = {
  keyRefOf(data: UsageRecord['event']['data']): number;
  workspaceOf(keyRef: number): string | undefined;
};

/** Prices each record by the book and names its dimension. */
export function priceRecords(usage: readonly UsageRecord[], prices: PriceIndex, keys: KeyLookup): PricedRecord[] {
  return usage.map((record) => {
    const { data } = record.event;
    const cost = priceUsage(prices, { ...data, occurredAt: Date.parse(data.startedAt) });
    const keyRef = keys.keyRefOf(data);
    return {
      ...record,
      tokens: data.usage ? billedTokens(data.usage) : NO_TOKENS,
      webSearches: data.usage?.server_tool_use?.web_search_requests ?? 0,
      costPicoUsd: cost.costPicoUsd,
      costBasis: cost.basis,
      dimension: {
        key_ref: keyRef,
        role: data.role,
        workspace_id: data.workspaceId ?? keys.workspaceOf(keyRef) ?? '',
        service: data.service,
        principal: data.principal ?? '',
        model: data.servedModel ?? data.requestedModel,
        price_row: cost.priceRow,
        usage_basis: data.usageBasis,
      },
    };
  });
}

/** The record as it stands in usage_event. */
export function eventRow(
  record: PricedRecord,
  { dimensionId, emitterBootId }: { dimensionId: number; emitterBootId: number },
  partition: number,
): EventRow {
  const { data } = record.event;
  const { tokens } = record;
  return {
    event_id: record.event.id,
    call_id: data.callId.toLowerCase() === record.event.id ? null : data.callId,
    occurred_at: new Date(record.occurredAtMs),
    kafka_offset: record.offset.toString(),
    seq: data.emitter.seq,
    dimension_id: dimensionId,
    emitter_boot_id: emitterBootId,
    kafka_partition: partition,
    duration_ms: Math.round(data.durationMs),
    first_byte_ms: data.firstByteMs === undefined ? null : Math.round(data.firstByteMs),
    input_tokens: tokens.input,
    output_tokens: tokens.output,
    cache_read_tokens: tokens.cacheRead,
    cache_write_5m_tokens: tokens.cacheWrite5m,
    cache_write_1h_tokens: tokens.cacheWrite1h,
    web_searches: record.webSearches,
    max_tokens_requested: data.maxTokens.requested ?? null,
    max_tokens_sent: data.maxTokens.sent === data.maxTokens.requested ? null : (data.maxTokens.sent ?? null),
    operation: data.operation,
    outcome: data.outcome,
    cost_basis: record.costBasis,
    attempt: data.attempt,
    status: data.status ?? null,
    stream: data.stream,
    cost_usd: formatUsd(record.costPicoUsd),
    requested_model: data.requestedModel === record.dimension.model ? null : data.requestedModel,
    request_id: data.requestId ?? null,
    message_id: data.messageId ?? null,
    error_type: data.errorType ?? null,
    stop_reason: data.stopReason ?? null,
    tags: Object.keys(data.tags).length === 0 ? null : JSON.stringify(data.tags),
  };
}
