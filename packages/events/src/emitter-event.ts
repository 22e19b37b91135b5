import { z } from 'zod';
import { count, instant, text } from './field.ts';

export const EMITTER_STARTED_TYPE = 'dev.bursar.emitter.started.v1';
export const EMITTER_HEARTBEAT_TYPE = 'dev.bursar.emitter.heartbeat.v1';
export const EMITTER_CLOSED_TYPE = 'dev.bursar.emitter.closed.v1';

export const EMITTER_TYPES = [EMITTER_STARTED_TYPE, EMITTER_HEARTBEAT_TYPE, EMITTER_CLOSED_TYPE] as const;

/** What an emitter says of itself, so that a hole in its sequence is seen even when it sends nothing more. */
export const emitterData = z.object({
  emitter: z.object({ id: text(128), boot: z.uuid() }),
  service: text(128),
  startedAt: instant,
  /** The last sequence number given to a usage event; 0 before the first. */
  highestSeq: z.int().min(0),
  /** Usage events kept on disk or in memory and not yet acknowledged by Kafka. */
  pending: count,
  dropped: z.record(text(32), count),
});

export type EmitterData = z.infer<typeof emitterData>;
