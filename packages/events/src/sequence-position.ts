import { z } from 'zod';
import { text } from './field.ts';

/** Where a usage event stands in the sequence of its emitter. */
export type SequencePosition = { emitterId: string; boot: string; seq: number; service: string };

const legible = z.object({
  service: text(128),
  emitter: z.object({ id: text(128), boot: z.uuid(), seq: z.int().min(1) }),
});

/**
 * The position that a refused record still tells, so that what is quarantined is not also counted as lost.
 * Looks where a usage event has it and, for a record whose envelope is illegible, at the top of the JSON. Total.
 */
export function sequencePosition(json: unknown): SequencePosition | undefined {
  if (json === null || typeof json !== 'object') return undefined;
  const read = legible.safeParse((json as { data?: unknown }).data ?? json);
  if (!read.success) return undefined;
  const { service, emitter } = read.data;
  return { emitterId: emitter.id, boot: emitter.boot.toLowerCase(), seq: emitter.seq, service };
}
