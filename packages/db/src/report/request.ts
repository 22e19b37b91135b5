import { firstIdAt } from '../ledger/partitions.ts';
import type { Queryable } from '../pool.ts';
import { JOIN_NAMES, KEY_NAME } from './named-key.ts';

/** One request with everything the ledger holds about it. */
export type RequestDetail = {
  eventId: string;
  requestId: string | null;
  messageId: string | null;
  callId: string;
  attempt: number;
  occurredAt: Date;
  storedAt: Date;
  key: string;
  hint: string;
  sha256: string;
  keyRef: number;
  apiKeyId: string | null;
  bindingBasis: string | null;
  role: string;
  service: string;
  principal: string;
  workspace: string;
  requestedModel: string;
  model: string;
  operation: string;
  stream: boolean;
  outcome: string;
  status: number | null;
  errorType: string | null;
  stopReason: string | null;
  inputTokens: number;
  outputTokens: number;
  cacheReadTokens: number;
  cacheWrite5mTokens: number;
  cacheWrite1hTokens: number;
  webSearches: number;
  usageBasis: string;
  maxTokensRequested: number | null;
  maxTokensSent: number | null;
  durationMs: number;
  firstByteMs: number | null;
  costUsd: string;
  costBasis: string;
  priceRow: string;
  priceBook: string | null;
  priceTerms: unknown;
  kafkaPartition: number;
  kafkaOffset: string;
  emitterId: string;
  emitterSeq: string;
  tags: unknown;
};

/**
 * The request with this event id, or the newest attempts with this request id (`req_…`) since `occurredSince`.
 * A request id has no index: the days since then are read.
 */
export async function findRequests(db: Queryable, id: string, occurredSince: Date): Promise<RequestDetail[]> {
  const byEventId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id);
  const { rows } = await db.query<RequestDetail>(
    `select u.event_id as "eventId", u.request_id as "requestId", u.message_id as "messageId", coalesce(u.call_id, u.event_id) as "callId",
            u.attempt, u.occurred_at as "occurredAt", u.stored_at as "storedAt", ${KEY_NAME} as key, ki.hint,
            encode(ki.sha256, 'hex') as sha256, d.key_ref as "keyRef", ak.api_key_id as "apiKeyId",
            kb.basis as "bindingBasis", d.role, d.service, d.principal,
            coalesce(ws.name, d.workspace_id) as workspace, coalesce(u.requested_model, d.model) as "requestedModel", d.model,
            u.operation, u.stream, u.outcome, u.status, u.error_type as "errorType", u.stop_reason as "stopReason",
            u.input_tokens as "inputTokens", u.output_tokens as "outputTokens",
            u.cache_read_tokens as "cacheReadTokens", u.cache_write_5m_tokens as "cacheWrite5mTokens",
            u.cache_write_1h_tokens as "cacheWrite1hTokens", u.web_searches as "webSearches",
            d.usage_basis as "usageBasis", u.max_tokens_requested as "maxTokensRequested",
            coalesce(u.max_tokens_sent, u.max_tokens_requested) as "maxTokensSent", u.duration_ms as "durationMs", u.first_byte_ms as "firstByteMs",
            u.cost_usd as "costUsd", u.cost_basis as "costBasis", d.price_row as "priceRow",
            p.book_hash as "priceBook", p.terms as "priceTerms", u.kafka_partition as "kafkaPartition",
            u.kafka_offset as "kafkaOffset", eb.emitter_id as "emitterId", u.seq as "emitterSeq", u.tags
       from usage_event u join dimension d using (dimension_id) join emitter_boot eb using (emitter_boot_id) ${JOIN_NAMES}
       left join price p on p.price_row = d.price_row
      where ${byEventId ? 'u.event_id = $1::uuid and u.event_id >= $2' : 'u.request_id = $1 and u.event_id >= $2'}
      order by u.event_id desc limit 10`,
    [id, byEventId ? firstIdAt(0) : firstIdAt(occurredSince.getTime())],
  );
  return rows;
}
