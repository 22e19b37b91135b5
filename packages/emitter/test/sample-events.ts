import { randomUUID } from 'node:crypto';
import type { EmitterEvent, UsageEvent } from '@bursar/events/cloudevent';
import type { UsageData } from '@bursar/events/usage-event';
import { uuidV7 } from '@bursar/events/uuid-v7';

const BOOT = randomUUID();
const SHA256 = 'a'.repeat(64);
const TIME = '2026-11-23T12:00:00.000Z';

export function sampleEvent(seq: number, change: Partial<UsageData> = {}): UsageEvent {
  return {
    specversion: '1.0',
    type: 'dev.bursar.usage.v1',
    id: uuidV7(Date.now()),
    source: '//bursar/emitter/search/host-1',
    subject: SHA256,
    time: TIME,
    data: {
      callId: randomUUID(),
      attempt: 0,
      requestId: 'req_011CVAbcdefghijkLmnopqrs',
      messageId: 'msg_01AbCdEfGhIjKlMnOpQrStUv',
      operation: 'messages',
      key: { sha256: SHA256, hint: 'sk-ant-api03-abc...wxyz' },
      workspaceId: 'wrkspc_01AbCdEfGhIjKlMnOpQrStUv',
      service: 'search',
      role: 'USER',
      tags: {},
      requestedModel: 'claude-haiku-5-5',
      servedModel: 'claude-haiku-5-5',
      stream: false,
      maxTokens: { requested: 512, sent: 512 },
      serviceTier: 'standard',
      outcome: 'complete',
      status: 200,
      stopReason: 'end_turn',
      usage: { input_tokens: 1_234, output_tokens: 321, cache_read_input_tokens: 0, cache_creation_input_tokens: 0 },
      usageBasis: 'reported',
      startedAt: TIME,
      durationMs: 812.5,
      firstByteMs: 800.1,
      emitter: { id: 'search/host-1', boot: BOOT, seq, dropped: {} },
      ...change,
    },
  };
}

export function sampleNotice(highestSeq = 0): EmitterEvent {
  return {
    specversion: '1.0',
    type: 'dev.bursar.emitter.heartbeat.v1',
    id: uuidV7(Date.now()),
    source: '//bursar/emitter/search/host-1',
    time: TIME,
    data: {
      emitter: { id: 'search/host-1', boot: BOOT },
      service: 'search',
      startedAt: TIME,
      highestSeq,
      pending: 0,
      dropped: {},
    },
  };
}
