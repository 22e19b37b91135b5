import type { UsageEvent } from '@bursar/events/cloudevent';
import { text } from '@bursar/events/field';
import type { UsageCounters, UsageData } from '@bursar/events/usage-event';
import { uuidV7 } from '@bursar/events/uuid-v7';
import fc from 'fast-check';
import { hostileText } from './hostile-text.ts';

const MOST = 1_000_000_000;

/** Every text that the schema accepts for a field of this length, hostile ones among them. */
export function validText(maxChars: number): fc.Arbitrary<string> {
  const accepted = text(maxChars);
  return fc
    .oneof(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }), hostileText)
    .filter((value) => accepted.safeParse(value).success);
}

const count = fc.oneof(fc.nat(10_000), fc.constantFrom(0, 1, MOST));
const optional = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined });
const instant = (min: Date, max: Date) => fc.date({ min, max, noInvalidDate: true }).map((date) => date.toISOString());

/** Anthropic's counters as they may come, with every field that is priced. */
export const anyUsage: fc.Arbitrary<UsageCounters> = fc.record(
  {
    input_tokens: count,
    output_tokens: count,
    cache_creation_input_tokens: fc.option(count),
    cache_read_input_tokens: fc.option(count),
    cache_creation: fc.option(
      fc.record({ ephemeral_5m_input_tokens: count, ephemeral_1h_input_tokens: count }, { requiredKeys: [] }),
    ),
    server_tool_use: fc.option(fc.record({ web_search_requests: fc.option(fc.nat(50)) }, { requiredKeys: [] })),
  },
  { requiredKeys: ['input_tokens', 'output_tokens'] },
);

export type EventChoices = {
  sha256?: fc.Arbitrary<string>;
  model?: fc.Arbitrary<string>;
  occurredAt?: { min: Date; max: Date };
  usage?: fc.Arbitrary<UsageCounters>;
};

/** Any usage event that the schema accepts; ids are UUIDv7 of now. */
export function anyUsageEvent(choices: EventChoices = {}): fc.Arbitrary<UsageEvent> {
  const { min, max } = choices.occurredAt ?? { min: new Date('1970-01-02'), max: new Date('9999-12-31') };
  return fc.record({ time: instant(min, max), data: anyUsageData(choices, min, max), source: validText(300) }).map(
    ({ time, data, source }) =>
      ({
        specversion: '1.0',
        id: uuidV7(Date.now()),
        source,
        subject: data.key.sha256,
        type: 'dev.bursar.usage.v1',
        time,
        data,
      }) as UsageEvent,
  );
}

function anyUsageData(choices: EventChoices, min: Date, max: Date): fc.Arbitrary<UsageData> {
  const sha256 = choices.sha256 ?? fc.stringMatching(/^[0-9a-f]{64}$/);
  const model = choices.model ?? validText(128);
  return fc
    .record({
      callId: fc.uuid(),
      attempt: fc.constantFrom(0, 0, 0, 1, 1000),
      requestId: optional(validText(128)),
      operation: fc.constantFrom('messages', 'batches', 'count_tokens'),
      key: fc.record({ sha256, hint: validText(40) }),
      service: validText(128),
      role: validText(64),
      principal: optional(validText(256)),
      tags: fc.dictionary(validText(64), validText(256), { maxKeys: 4 }),
      requestedModel: model,
      servedModel: optional(model),
      stream: fc.boolean(),
      maxTokens: fc.record({ requested: count, sent: count }, { requiredKeys: [] }),
      outcome: fc.constantFrom('complete', 'cancelled', 'truncated', 'http_error', 'transport_error', 'refused'),
      status: optional(fc.integer({ min: 100, max: 599 })),
      usage: optional(choices.usage ?? anyUsage),
      usageBasis: fc.constantFrom('reported', 'estimated', 'unknown'),
      startedAt: instant(min, max),
      durationMs: fc.oneof(fc.nat(60_000), fc.constantFrom(0, 1e-3, MOST)),
      emitter: fc.record({
        id: validText(128),
        boot: fc.uuid(),
        seq: fc.oneof(fc.integer({ min: 1, max: 1_000 }), fc.constant(Number.MAX_SAFE_INTEGER)),
        dropped: fc.dictionary(fc.constantFrom('queue_full', 'too_large'), count),
      }),
    })
    .map((data) => JSON.parse(JSON.stringify(data)) as UsageData);
}
