import { firstIdAt } from '../ledger/partitions.ts';
import type { Queryable } from '../pool.ts';
import { JOIN_NAMES, KEY_NAME } from './named-key.ts';

export type RequestRow = {
  eventId: string;
  requestId: string | null;
  occurredAt: Date;
  storedAt: Date;
  key: string;
  hint: string;
  apiKeyId: string | null;
  role: string;
  service: string;
  principal: string;
  workspace: string;
  model: string;
  operation: string;
  outcome: string;
  status: number | null;
  errorType: string | null;
  inputTokens: number;
  outputTokens: number;
  cacheReadTokens: number;
  cacheWriteTokens: number;
  costUsd: string;
  costBasis: string;
  durationMs: number;
};

export type RequestFilter = {
  /** Name, id, hint or SHA-256 of the key. */
  key?: string;
  role?: string;
  service?: string;
  occurredSince: Date;
  /** Only what was stored after this instant. */
  storedAfter?: Date;
  limit: number;
};

/** The newest requests, newest first. A range of time is a range of ids, so only its days are read. */
export async function listRequests(db: Queryable, filter: RequestFilter): Promise<RequestRow[]> {
  const { rows } = await db.query<RequestRow>(
    `select u.event_id as "eventId", u.request_id as "requestId", u.occurred_at as "occurredAt",
            u.stored_at as "storedAt", ${KEY_NAME} as key, ki.hint, ak.api_key_id as "apiKeyId", d.role, d.service,
            d.principal, coalesce(ws.name, d.workspace_id) as workspace, d.model, u.operation, u.outcome, u.status,
            u.error_type as "errorType", u.input_tokens as "inputTokens", u.output_tokens as "outputTokens",
            u.cache_read_tokens as "cacheReadTokens",
            u.cache_write_5m_tokens + u.cache_write_1h_tokens as "cacheWriteTokens",
            u.cost_usd as "costUsd", u.cost_basis as "costBasis", u.duration_ms as "durationMs"
       from usage_event u join dimension d using (dimension_id) ${JOIN_NAMES}
      where u.event_id >= $1 and ($2::timestamptz is null or u.stored_at > $2)
        and ($3::text is null or $3 in (ak.name, ak.api_key_id, ak.hint, ki.hint, encode(ki.sha256, 'hex')))
        and ($4::text is null or d.role = $4) and ($5::text is null or d.service = $5)
      order by u.event_id desc limit $6`,
    [
      firstIdAt(filter.occurredSince.getTime()),
      filter.storedAfter ?? null,
      filter.key ?? null,
      filter.role ?? null,
      filter.service ?? null,
      filter.limit,
    ],
  );
  return rows;
}
