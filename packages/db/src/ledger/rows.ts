import { rowSet } from '../unnest.ts';

/** A request as it stands in usage_event. Money is a decimal text in USD. */
export type EventRow = {
  event_id: string;
  /** null where it is the event's own id. */
  call_id: string | null;
  occurred_at: Date;
  kafka_offset: string;
  seq: number;
  dimension_id: number;
  emitter_boot_id: number;
  kafka_partition: number;
  duration_ms: number;
  first_byte_ms: number | null;
  input_tokens: number;
  output_tokens: number;
  cache_read_tokens: number;
  cache_write_5m_tokens: number;
  cache_write_1h_tokens: number;
  web_searches: number;
  max_tokens_requested: number | null;
  /** null where it is what was requested. */
  max_tokens_sent: number | null;
  operation: string;
  outcome: string;
  cost_basis: string;
  attempt: number;
  status: number | null;
  stream: boolean;
  cost_usd: string;
  /** null where it is the model of the dimension. */
  requested_model: string | null;
  request_id: string | null;
  message_id: string | null;
  error_type: string | null;
  stop_reason: string | null;
  tags: string | null;
};

/** The columns of usage_event that a batch fills, with their types. */
export const EVENT_COLUMNS: Readonly<Record<keyof EventRow, string>> = {
  event_id: 'uuid',
  call_id: 'uuid',
  occurred_at: 'timestamptz',
  kafka_offset: 'bigint',
  seq: 'bigint',
  dimension_id: 'int',
  emitter_boot_id: 'int',
  kafka_partition: 'smallint',
  duration_ms: 'int',
  first_byte_ms: 'int',
  input_tokens: 'int',
  output_tokens: 'int',
  cache_read_tokens: 'int',
  cache_write_5m_tokens: 'int',
  cache_write_1h_tokens: 'int',
  web_searches: 'smallint',
  max_tokens_requested: 'int',
  max_tokens_sent: 'int',
  operation: 'operation',
  outcome: 'outcome',
  cost_basis: 'cost_basis',
  attempt: 'smallint',
  status: 'smallint',
  stream: 'boolean',
  cost_usd: 'numeric',
  requested_model: 'text',
  request_id: 'text',
  message_id: 'text',
  error_type: 'text',
  stop_reason: 'text',
  tags: 'json',
};

export const eventRows = rowSet<EventRow>(EVENT_COLUMNS);

/** What a batch adds to one cell of a cube. */
export type CubeRow = {
  bucket: string;
  dimension_id: number;
  requests: number;
  errors: number;
  input_tokens: number;
  output_tokens: number;
  cache_read_tokens: number;
  cache_write_5m_tokens: number;
  cache_write_1h_tokens: number;
  web_searches: number;
  cost_firm_usd: string;
  cost_estimated_usd: string;
  cost_provisional_usd: string;
};

export const cubeRows = rowSet<CubeRow>({
  bucket: 'timestamptz',
  dimension_id: 'int',
  requests: 'bigint',
  errors: 'bigint',
  input_tokens: 'bigint',
  output_tokens: 'bigint',
  cache_read_tokens: 'bigint',
  cache_write_5m_tokens: 'bigint',
  cache_write_1h_tokens: 'bigint',
  web_searches: 'bigint',
  cost_firm_usd: 'numeric',
  cost_estimated_usd: 'numeric',
  cost_provisional_usd: 'numeric',
});

/** What a batch tells about one boot of one emitter on one partition. */
export type EmitterRow = {
  emitter_id: string;
  boot: string;
  partition: number;
  service: string;
  seen: number;
  duplicates: number;
  quarantined: number;
  unnumbered: number;
  highest_seq: number;
  last_event_seq: number;
  pending: number | null;
  told_at: string | null;
  dropped: string;
  started_at: string | null;
  closed_at: string | null;
};

export const emitterRows = rowSet<EmitterRow>({
  emitter_id: 'text',
  boot: 'uuid',
  partition: 'int',
  service: 'text',
  seen: 'bigint',
  duplicates: 'bigint',
  quarantined: 'bigint',
  unnumbered: 'bigint',
  highest_seq: 'bigint',
  last_event_seq: 'bigint',
  pending: 'bigint',
  told_at: 'timestamptz',
  dropped: 'jsonb',
  started_at: 'timestamptz',
  closed_at: 'timestamptz',
});

/** The same for the requests that ended in one quarter of an hour. */
export type EmitterQuarterRow = {
  emitter_id: string;
  boot: string;
  quarter: string;
  partition: number;
  service: string;
  seen: number;
  duplicates: number;
  quarantined: number;
  unnumbered: number;
  highest_seq: number;
  lowest_pending: number | null;
  dropped: string;
};

export const emitterQuarterRows = rowSet<EmitterQuarterRow>({
  emitter_id: 'text',
  boot: 'uuid',
  quarter: 'timestamptz',
  partition: 'int',
  service: 'text',
  seen: 'bigint',
  duplicates: 'bigint',
  quarantined: 'bigint',
  unnumbered: 'bigint',
  highest_seq: 'bigint',
  lowest_pending: 'bigint',
  dropped: 'jsonb',
});

/** What a batch adds to one limit window; total and provisional in the measure's unit (USD, tokens, requests). */
export type WindowRow = {
  measure_id: number;
  subject: string;
  window_start: string;
  window_end: string;
  total: string;
  provisional: string;
};

export const windowRows = rowSet<WindowRow>({
  measure_id: 'int',
  subject: 'text',
  window_start: 'timestamptz',
  window_end: 'timestamptz',
  total: 'numeric',
  provisional: 'numeric',
});

/** A record that can't be counted, its secrets removed. */
export type QuarantineRow = {
  topic: string;
  partition: number;
  kafka_offset: string;
  reason: string;
  detail: string;
  record: string;
  record_bytes: number;
  record_key: string | null;
  /** JSON: name → text, or texts where the name came more than once. */
  headers: string;
  /** How what is stored differs from what came; null when it does not. */
  altered: Altered | null;
  event_id: string | null;
  /** Whose event it is, and the quarter of an hour in which it counts as quarantined; null where that could not be read. */
  emitter_id: string | null;
  boot: string | null;
  seq: number | null;
  quarter: string | null;
};

/** cut: too long; scrubbed: a secret was taken out; not_text: bytes that no text can hold. */
export type Altered = 'cut' | 'scrubbed' | 'not_text';

export const quarantineRows = rowSet<QuarantineRow>({
  topic: 'text',
  partition: 'int',
  kafka_offset: 'bigint',
  reason: 'text',
  detail: 'text',
  record: 'text',
  record_bytes: 'int',
  record_key: 'text',
  headers: 'jsonb',
  altered: 'text',
  event_id: 'uuid',
  emitter_id: 'text',
  boot: 'uuid',
  seq: 'bigint',
  quarter: 'timestamptz',
});
