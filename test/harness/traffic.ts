import { createHash, randomBytes, randomInt, randomUUID } from 'node:crypto';
import { encodeEvent, type UsageEvent } from '@bursar/events/cloudevent';
import type { UsageData } from '@bursar/events/usage-event';
import { uuidV7 } from '@bursar/events/uuid-v7';

export type TrafficKey = { sha256: string; hint: string };

/** A metered key as an emitter would describe it; the secret exists only here. */
export function trafficKey(): TrafficKey {
  const secret = `sk-ant-api03-${randomBytes(70).toString('base64url').slice(0, 93)}AA`;
  return {
    sha256: createHash('sha256').update(secret).digest('hex'),
    hint: `${secret.slice(0, 16)}...${secret.slice(-4)}`,
  };
}

const boot = randomUUID();
let seq = 0;

/** A well-formed usage event; every field can be told. 1 USD per million tokens in, 5 out (claude-haiku-4-5). */
export function usageEvent(key: TrafficKey, fields: Partial<UsageData> = {}, atMs: number = Date.now()): UsageEvent {
  const time = new Date(atMs).toISOString();
  return {
    specversion: '1.0',
    id: uuidV7(Date.now()),
    source: '//bursar/emitter/traffic/1',
    subject: key.sha256,
    type: 'dev.bursar.usage.v1',
    time,
    data: {
      callId: randomUUID(),
      attempt: 0,
      operation: 'messages',
      key,
      service: 'search',
      role: 'USER',
      tags: {},
      requestedModel: 'claude-haiku-4-5',
      servedModel: 'claude-haiku-4-5',
      stream: false,
      maxTokens: { requested: 512, sent: 512 },
      outcome: 'complete',
      status: 200,
      usage: { input_tokens: randomInt(1, 5_000), output_tokens: randomInt(1, 500) },
      usageBasis: 'reported',
      startedAt: time,
      durationMs: 5,
      emitter: { id: 'traffic/1', boot, seq: ++seq, dropped: {} },
      ...fields,
    },
  };
}

/** The Kafka record of an event. */
export function recordOf(event: UsageEvent): { key: string; value: string; headers: Record<string, string> } {
  return { key: event.data.key.sha256, ...encodeEvent(event) };
}

const INPUT_PICO_PER_TOKEN = 1_000_000n;
const OUTPUT_PICO_PER_TOKEN = 5_000_000n;

export type Oracle = { requests: number; inputTokens: number; outputTokens: number; costPicoUsd: bigint };

/** What a set of events must add up to, each counted once. Plain arithmetic: it shares no code with the pipeline. */
export function oracleOf(events: Iterable<UsageEvent>): Oracle {
  const sum: Oracle = { requests: 0, inputTokens: 0, outputTokens: 0, costPicoUsd: 0n };
  for (const { data } of new Map([...events].map((event) => [event.id, event])).values()) {
    sum.requests += data.attempt === 0 ? 1 : 0;
    sum.inputTokens += data.usage?.input_tokens ?? 0;
    sum.outputTokens += data.usage?.output_tokens ?? 0;
    sum.costPicoUsd +=
      BigInt(data.usage?.input_tokens ?? 0) * INPUT_PICO_PER_TOKEN +
      BigInt(data.usage?.output_tokens ?? 0) * OUTPUT_PICO_PER_TOKEN;
  }
  return sum;
}
