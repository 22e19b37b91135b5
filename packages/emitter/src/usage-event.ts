import type { UsageEvent } from '@bursar/events/cloudevent';
import { USAGE_TYPE, type UsageCounters, type UsageData } from '@bursar/events/usage-event';
import type { Attempt } from './attempt.ts';
import type { Answer, AttemptOutcome } from './attempt-outcome.ts';
import type { EmitterIdentity } from './emitter-identity.ts';
import type { FieldCleaner } from './field-cleaner.ts';
import { ESTIMATED_BYTES_PER_TOKEN } from './message-progress.ts';
import { usageCountersOf } from './usage-counters.ts';

export type EventPosition = { readonly seq: number; readonly dropped: Readonly<Record<string, number>> };

const NOTHING_CONSUMED: UsageCounters = { input_tokens: 0, output_tokens: 0 };

/** The usage event of a settled attempt. Any value that the schema would refuse is cleaned; the event itself never is lost. */
export function createUsageEvents(identity: EmitterIdentity, clean: FieldCleaner, defaultRole: string) {
  return (attempt: Attempt, result: AttemptOutcome, durationMs: number, position: EventPosition): UsageEvent => {
    const { answer } = result;
    return {
      specversion: '1.0',
      type: USAGE_TYPE,
      id: attempt.id,
      source: identity.source,
      subject: attempt.key.sha256,
      time: new Date(attempt.startedAtMs + durationMs).toISOString(),
      data: {
        callId: attempt.callId,
        attempt: clean.count('attempt', Math.min(attempt.number, 1000)) ?? 0,
        operation: attempt.operation,
        key: attempt.key,
        service: identity.service,
        role: clean.text('role', attempt.context.role, 64) ?? defaultRole,
        principal: clean.text('principal', attempt.context.principal, 256),
        tags: clean.tags(attempt.context.tags),
        requestedModel: clean.text('requestedModel', attempt.requestedModel, 128) ?? 'unknown',
        stream: attempt.stream,
        maxTokens: maxTokensOf(attempt, clean),
        outcome: result.outcome,
        errorType: clean.text('errorType', result.errorType, 128),
        ...(answer && answerFields(answer, clean)),
        ...usageOf(attempt, result, clean),
        startedAt: new Date(attempt.startedAtMs).toISOString(),
        durationMs: roundMs(durationMs),
        emitter: { id: identity.id, boot: identity.boot, ...position },
      },
    };
  };
}

function maxTokensOf(attempt: Attempt, clean: FieldCleaner): UsageData['maxTokens'] {
  const requested = clean.count('maxTokens', attempt.requestedMaxTokens);
  return { requested, sent: requested };
}

function answerFields({ status, headers, progress, firstByteMs }: Answer, clean: FieldCleaner): Partial<UsageData> {
  const header = (field: string, name: string) => clean.text(field, headers.get(name) || undefined, 128);
  return {
    status,
    requestId: header('requestId', 'request-id'),
    workspaceId: header('workspaceId', 'anthropic-workspace-id'),
    organizationId: header('organizationId', 'anthropic-organization-id'),
    messageId: clean.text('messageId', progress.messageId, 128),
    servedModel: clean.text('servedModel', progress.servedModel, 128),
    stopReason: clean.text('stopReason', progress.stopReason, 64),
    serviceTier: clean.text('serviceTier', progress.usage?.['service_tier'], 32),
    speed: clean.text('speed', progress.usage?.['speed'], 32),
    inferenceGeo: clean.text('inferenceGeo', progress.usage?.['inference_geo'], 32),
    firstByteMs: firstByteMs === undefined ? undefined : roundMs(firstByteMs),
  };
}

/**
 * Reported: Anthropic's final counters; none in an error; zeros where no tokens are billed (token counts, making a batch).
 * Estimated: the input Anthropic reported, with the output counted from what was streamed. Unknown: nothing was seen.
 */
function usageOf(
  { operation }: Attempt,
  { outcome, answer }: AttemptOutcome,
  clean: FieldCleaner,
): Pick<UsageData, 'usageBasis' | 'usage'> {
  if (answer === undefined) return { usageBasis: 'unknown' };
  if (outcome === 'http_error') return { usageBasis: 'reported' };
  if (operation !== 'messages') return { usageBasis: 'reported', usage: NOTHING_CONSUMED };
  const usage = usageCountersOf(answer.progress.usage, clean);
  if (usage === undefined) return { usageBasis: 'unknown' };
  if (answer.progress.usageIsFinal) return { usageBasis: 'reported', usage };
  const streamed = Math.ceil(answer.progress.streamedBytes / ESTIMATED_BYTES_PER_TOKEN);
  return { usageBasis: 'estimated', usage: { ...usage, output_tokens: Math.max(usage.output_tokens, streamed) } };
}

/** To a microsecond. */
function roundMs(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
