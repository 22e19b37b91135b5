import type { RequestRow } from '@bursar/db/report/requests';
import { countText, usdText } from '../output/amount-text.ts';
import type { Column } from '../output/listing.ts';
import { utcText } from '../output/time-text.ts';

/** One request per row: which key made it, as what, and what it used. */
export const requestColumns = (): Column<RequestRow>[] => [
  {
    key: 'occurredAt',
    title: 'TIME (UTC)',
    kind: 'time',
    value: (request) => request.occurredAt,
    people: (request) => utcText(request.occurredAt).slice(5, 19),
  },
  { key: 'key', title: 'KEY', kind: 'text', value: (request) => request.key },
  { key: 'hint', kind: 'text', value: (request) => request.hint },
  { key: 'apiKeyId', kind: 'text', value: (request) => request.apiKeyId },
  { key: 'role', title: 'ROLE', kind: 'text', value: (request) => request.role },
  { key: 'service', title: 'SERVICE', kind: 'text', value: (request) => request.service },
  { key: 'principal', kind: 'text', value: (request) => request.principal },
  { key: 'workspace', title: 'WORKSPACE', kind: 'text', value: (request) => request.workspace },
  { key: 'model', title: 'MODEL', kind: 'text', value: (request) => request.model },
  {
    key: 'inputTokens',
    title: 'IN',
    kind: 'count',
    value: (request) => request.inputTokens,
    people: (request) => countText(request.inputTokens + request.cacheReadTokens + request.cacheWriteTokens),
  },
  { key: 'cacheReadTokens', kind: 'count', value: (request) => request.cacheReadTokens },
  { key: 'cacheWriteTokens', kind: 'count', value: (request) => request.cacheWriteTokens },
  {
    key: 'outputTokens',
    title: 'OUT',
    kind: 'count',
    value: (request) => request.outputTokens,
    people: (request) => countText(request.outputTokens),
  },
  {
    key: 'costUsd',
    title: 'COST',
    kind: 'exact',
    value: (request) => request.costUsd,
    people: (request) => (request.costBasis === 'firm' ? '' : '~') + usdText(request.costUsd),
  },
  { key: 'costBasis', kind: 'text', value: (request) => request.costBasis },
  {
    key: 'outcome',
    title: 'OUTCOME',
    kind: 'text',
    value: (request) => request.outcome,
    people: (request) =>
      request.outcome === 'http_error' ? `HTTP ${request.status ?? 'error'}` : request.outcome.replace('_', ' '),
    tone: (request) => (request.outcome === 'complete' ? 'plain' : 'warning'),
  },
  { key: 'status', kind: 'count', value: (request) => request.status },
  { key: 'errorType', kind: 'text', value: (request) => request.errorType },
  { key: 'durationMs', kind: 'count', value: (request) => request.durationMs },
  { key: 'storedAt', kind: 'time', value: (request) => request.storedAt },
  { key: 'eventId', kind: 'text', value: (request) => request.eventId },
  {
    key: 'requestId',
    title: 'REQUEST ID',
    kind: 'text',
    value: (request) => request.requestId,
    people: (request) => request.requestId ?? request.eventId,
  },
];
