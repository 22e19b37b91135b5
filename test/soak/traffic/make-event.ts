import { randomUUID } from 'node:crypto';
import type { UsageEvent } from '@bursar/events/cloudevent';
import type { UsageCounters } from '@bursar/events/usage-event';
import { uuidV7 } from '@bursar/events/uuid-v7';
import type { SoakKey } from '../company.ts';
import type { Random } from '../random.ts';
import type { Draw } from './draw.ts';

/** Numbers the events of one service, as its emitter does. */
export type EmitterBoot = { readonly id: string; readonly boot: string; seq: number };

const LATE_SHARE = 0.02;

/** The whole event of a request, of the size that a real one has. A few ended minutes ago, as after an outage. */
export function makeEvent(random: Random, key: SoakKey, emitter: EmitterBoot, draw: Draw): UsageEvent {
  const nowMs = Date.now();
  const endedMs = random.next() < LATE_SHARE ? nowMs - random.whole(30_000, 240_000) : nowMs;
  const durationMs = random.whole(80, 20_000);
  emitter.seq++;
  return {
    specversion: '1.0',
    id: uuidV7(nowMs),
    source: `//bursar/emitter/${emitter.id}`,
    subject: key.sha256,
    type: 'dev.bursar.usage.v1',
    time: new Date(endedMs).toISOString(),
    data: {
      callId: randomUUID(),
      requestId: `req_011CV${random.whole(1e9, 9e9)}soakrequest`,
      messageId: `msg_01${random.whole(1e9, 9e9)}soakmessage`,
      operation: 'messages',
      key: { sha256: key.sha256, hint: key.hint },
      workspaceId: key.workspaceId,
      service: key.service,
      role: key.role,
      ...(random.next() < 0.3 && { principal: `user-${random.whole(1, 3)}` }),
      tags: { feature: random.pick(['autocomplete', 'summary', 'chat']), team: `${key.service}-team` },
      stream: random.next() < 0.5,
      maxTokens: { requested: 1_024, sent: 1_024 },
      serviceTier: draw.inBatch ? 'batch' : 'standard',
      speed: 'standard',
      ...(draw.inUs && { inferenceGeo: 'us' }),
      ...(draw.price && { usage: countersOf(draw) }),
      startedAt: new Date(endedMs - durationMs).toISOString(),
      durationMs,
      firstByteMs: durationMs / 2,
      emitter: { id: emitter.id, boot: emitter.boot, seq: emitter.seq, dropped: {} },
      ...draw.fields,
    },
  };
}

function countersOf({ tokens, searches }: Draw): UsageCounters {
  const { write5m, write1h } = tokens;
  return {
    input_tokens: tokens.input,
    output_tokens: tokens.output,
    cache_read_input_tokens: tokens.read,
    cache_creation_input_tokens: write5m + write1h,
    cache_creation: { ephemeral_5m_input_tokens: write5m, ephemeral_1h_input_tokens: write1h },
    ...(searches > 0 && { server_tool_use: { web_search_requests: searches } }),
  };
}
