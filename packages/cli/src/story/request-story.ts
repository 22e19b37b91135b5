import type { RequestDetail } from '@bursar/db/report/request';
import { countText } from '../output/amount-text.ts';
import { type Line, toned } from '../output/terminal.ts';
import { relativeText, utcText } from '../output/time-text.ts';

const PRICED: Record<string, string> = {
  firm: 'firm: Anthropic reported the tokens and the price is known',
  estimated: 'estimated: the token counts are not Anthropic’s own final figures',
  provisional: 'provisional: no price held for the model when it ran, so the dearest one stands in',
};

/** One request in plain lines: who made it, what it used, what it cost and why, and where it was counted. */
export function requestStory(request: RequestDetail, now: Date): Line[] {
  const end =
    { complete: 'complete', http_error: `HTTP ${request.status ?? 'error'}` }[request.outcome] ?? request.outcome;
  return [
    [
      toned('strong', request.requestId ?? request.eventId),
      ` · ${end}${request.errorType ? ` (${request.errorType})` : ''}`,
    ],
    field(
      'when',
      `${utcText(request.occurredAt)}, ${relativeText(request.occurredAt, now)}; took ${countText(request.durationMs)} ms`,
    ),
    field('key', keyText(request)),
    field(
      'as',
      `role ${named(request.role)}, service ${named(request.service)}, principal ${named(request.principal)}`,
    ),
    field('workspace', named(request.workspace)),
    field('model', modelText(request)),
    field('tokens', tokensText(request)),
    field('cost', `$${request.costUsd} (${PRICED[request.costBasis] ?? request.costBasis})`),
    field('price', priceText(request)),
    field(
      'counted',
      `${utcText(request.storedAt)}; Kafka partition ${request.kafkaPartition}, offset ${request.kafkaOffset}`,
    ),
    field(
      'sent by',
      `emitter ${request.emitterId}, its message ${request.emitterSeq}; attempt ${request.attempt} of call ${request.callId}`,
    ),
    field('event', request.eventId),
    '',
  ];
}

function keyText({ key, hint, apiKeyId, bindingBasis }: RequestDetail): string {
  if (apiKeyId === null) return `${hint}, which is bound to no key of the inventory`;
  return `${key} (${hint}, ${apiKeyId}; bound by ${(bindingBasis ?? '').replace('_', ' ')})`;
}

function modelText({ model, requestedModel }: RequestDetail): string {
  return model === requestedModel ? model : `${model} served, ${requestedModel} asked for`;
}

function tokensText(request: RequestDetail): string {
  const parts: [number, string][] = [
    [request.inputTokens, 'in'],
    [request.outputTokens, 'out'],
    [request.cacheReadTokens, 'read from cache'],
    [request.cacheWrite5mTokens, 'written to the 5-minute cache'],
    [request.cacheWrite1hTokens, 'written to the 1-hour cache'],
    [request.webSearches, 'web searches'],
  ];
  const used = parts.filter(([count]) => count > 0).map(([count, what]) => `${countText(count)} ${what}`);
  return `${used.join(', ') || 'none'} (${request.usageBasis})`;
}

function priceText({ priceRow, priceBook }: RequestDetail): string {
  if (priceRow === 'none') return 'nothing to price';
  if (priceRow === 'unknown' || priceBook === null)
    return priceRow === 'unknown'
      ? 'the dearest of each kind of token in force then'
      : `row ${priceRow}, which is in no recorded price book`;
  return `row ${priceRow} of price book ${priceBook.slice(0, 12)}`;
}

function named(name: string): string {
  return name === '' ? 'unknown' : name;
}

function field(title: string, text: string): Line {
  return [toned('quiet', `  ${title.padEnd(10)}`), text];
}
