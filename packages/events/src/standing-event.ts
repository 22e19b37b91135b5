import { z } from 'zod';
import { instant, sha256Hex, text } from './field.ts';

export const STANDING_TYPE = 'dev.bursar.standing.v1';

/** What a key, role or principal may do now. A guard ignores a generation lower than one it has seen. */
export const standingData = z.object({
  subject: z.union([
    z.object({ kind: z.literal('key'), sha256: sha256Hex }),
    z.object({ kind: z.literal('role'), name: text(64) }),
    z.object({ kind: z.literal('principal'), name: text(256) }),
  ]),
  state: z.enum(['active', 'suspended']),
  cause: z.enum(['limit', 'rotation', 'compromise', 'departure', 'unmetered', 'manual']).optional(),
  generation: z.int().min(0),
  /** The entry means nothing after this instant. */
  until: instant.optional(),
});

export type StandingData = z.infer<typeof standingData>;

/** The Kafka key of a standing record: the hash for a key, else `role:NAME` or `principal:NAME`. */
export function standingRecordKey(subject: StandingData['subject']): string {
  return subject.kind === 'key' ? subject.sha256 : `${subject.kind}:${subject.name}`;
}
