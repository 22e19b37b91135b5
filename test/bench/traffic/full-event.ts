import { randomInt, randomUUID } from 'node:crypto';
import type { UsageEvent } from '@bursar/events/cloudevent';
import { uuidV7 } from '@bursar/events/uuid-v7';
import { trafficKey } from '../../harness/traffic.ts';

/** A key with what its service always says of itself. */
export type BenchKey = {
  key: { sha256: string; hint: string };
  service: string;
  workspaceId: string;
  principal: string;
};

export type BenchEmitter = { id: string; boot: string; seq: number };

const MODELS = ['claude-haiku-4-5', 'claude-sonnet-4-5'] as const;
const SERVICES = 50;
const WORKSPACES = 20;
const ORGANIZATION = randomUUID();

/** The names of the services that the keys belong to. */
export function benchServices(): string[] {
  return Array.from({ length: SERVICES }, (_, index) => `service-${index}`);
}

/** Keys of 50 services in 20 workspaces, each with a principal of its own. */
export function benchKeys(count: number): BenchKey[] {
  return Array.from({ length: count }, (_, index) => ({
    key: trafficKey(),
    service: `service-${index % SERVICES}`,
    workspaceId: `wrkspc_01Bench${String(index % WORKSPACES).padStart(18, '0')}`,
    principal: `person-${index}@acme.example`,
  }));
}

export function benchEmitter(name: string): BenchEmitter {
  return { id: `${name}/${randomUUID()}`, boot: randomUUID(), seq: 0 };
}

/** A few keys make most of the traffic. */
export function skewed<T>(all: readonly T[]): T {
  return all[Math.floor(Math.random() ** 3 * all.length)]!;
}

/** An event with every field that the emitter fills in for a streamed answer with a prompt cache. */
export function fullEvent({ key, ...who }: BenchKey, emitter: BenchEmitter, atMs: number): UsageEvent {
  const model = MODELS[randomInt(MODELS.length)]!;
  const write5m = randomInt(400);
  const write1h = randomInt(100);
  const time = new Date(atMs).toISOString();
  const id = uuidV7(atMs);
  return {
    specversion: '1.0',
    id,
    source: `//bursar/emitter/${emitter.id}`,
    subject: key.sha256,
    type: 'dev.bursar.usage.v1',
    time,
    data: {
      callId: id,
      attempt: 0,
      requestId: `req_011CV${randomUUID().replaceAll('-', '').slice(0, 20)}`,
      messageId: `msg_01${randomUUID().replaceAll('-', '').slice(0, 22)}`,
      operation: 'messages',
      key,
      organizationId: ORGANIZATION,
      ...who,
      role: 'USER',
      tags: { feature: 'answer' },
      requestedModel: model,
      servedModel: model,
      stream: true,
      maxTokens: { requested: 1_024, sent: 1_024 },
      serviceTier: 'standard',
      outcome: 'complete',
      status: 200,
      stopReason: 'end_turn',
      usage: {
        input_tokens: randomInt(1, 5_000),
        output_tokens: randomInt(1, 500),
        cache_read_input_tokens: randomInt(10_000),
        cache_creation_input_tokens: write5m + write1h,
        cache_creation: { ephemeral_5m_input_tokens: write5m, ephemeral_1h_input_tokens: write1h },
      },
      usageBasis: 'reported',
      startedAt: time,
      durationMs: 812.345,
      firstByteMs: 101.5,
      emitter: { id: emitter.id, boot: emitter.boot, seq: ++emitter.seq, dropped: {} },
    },
  };
}
