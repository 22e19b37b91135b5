import { z } from 'zod';
import { text } from './field.ts';

/** Where a usage event stands in the sequence of its emitter, and its id where that is legible too. */
export type SequencePosition = { emitterId: string; boot: string; seq: number; service: string; eventId?: string };

const legible = z.object({
  service: text(128),
  emitter: z.object({ id: text(128), boot: z.uuid(), seq: z.int().min(1) }),
});

const eventId = z.uuid();

/**
 * The position that a refused record still tells, so that what is quarantined is not also counted as lost.
 * Looks where a usage event has it and, for a record whose envelope is illegible, at the top of the JSON. Total.
 */
export function sequencePosition(json: unknown): SequencePosition | undefined {
  if (json === null || typeof json !== 'object') return undefined;
  const read = legible.safeParse((json as { data?: unknown }).data ?? json);
  if (!read.success) return undefined;
  const { service, emitter } = read.data;
  const id = eventId.safeParse((json as { id?: unknown }).id);
  const position = { emitterId: emitter.id, boot: emitter.boot.toLowerCase(), seq: emitter.seq, service };
  return id.success ? { ...position, eventId: id.data.toLowerCase() } : position;
}
