import { z } from 'zod';

/** Anything long enough to be a whole Anthropic credential; a hint (`sk-ant-api03-R2D...igAA`) is shorter. */
const SECRET = /sk-ant-[\w-]{20,}/;
const CONTROL = /\p{Cc}/u;

/** A short human-chosen text that Postgres can store and that carries no credential. */
export function text(maxChars: number) {
  return z
    .string()
    .min(1)
    .max(maxChars)
    .refine((value) => !CONTROL.test(value) && value.isWellFormed(), 'has a control character or a lone surrogate')
    .refine((value) => !SECRET.test(value), 'holds something that looks like an API key');
}

/** Replaces every credential in a text by its kind, so that hostile input can be kept as evidence. */
export function scrubSecrets(value: string): string {
  return value.replace(/sk-ant-([a-z]{1,8}\d{0,2}-)?[\w-]{12,}/g, (_, kind = '') => `sk-ant-${kind}[removed]`);
}

/** A text as Postgres can store it: without NUL and without halves of a surrogate pair. */
export function storable(value: string): string {
  return value.replaceAll('\u0000', '').toWellFormed();
}

/** A count of tokens or requests. One request can't reach a thousand million tokens; more is hostile. */
export const count = z.int().min(0).max(1_000_000_000);

/** RFC 3339 with an offset. */
export const instant = z.iso.datetime({ offset: true });

export const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/, 'is not a SHA-256 in lower-case hex');
