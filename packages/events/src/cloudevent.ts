import { z } from 'zod';
import { EMITTER_TYPES, type EmitterData, emitterData } from './emitter-event.ts';
import { instant, scrubSecrets, storable, text } from './field.ts';
import { withProtoTag } from './proto-tag.ts';
import { type SequencePosition, sequencePosition } from './sequence-position.ts';
import { STANDING_TYPE, type StandingData, standingData } from './standing-event.ts';
import { USAGE_TYPE, type UsageData, usageData } from './usage-event.ts';

/** Records above this are quarantined unread. */
export const MAX_RECORD_BYTES = 256 * 1024;

const attributes = {
  specversion: z.literal('1.0'),
  id: z.uuid(),
  source: text(300),
  subject: text(256).optional(),
  time: instant,
};

const usageEvent = z.object({ ...attributes, type: z.literal(USAGE_TYPE), data: usageData });
const emitterEvent = z.object({ ...attributes, type: z.enum(EMITTER_TYPES), data: emitterData });
const standingEvent = z.object({ ...attributes, type: z.literal(STANDING_TYPE), data: standingData });
const event = z.discriminatedUnion('type', [usageEvent, emitterEvent, standingEvent]);

export type UsageEvent = z.infer<typeof usageEvent>;
export type EmitterEvent = z.infer<typeof emitterEvent>;
export type StandingEvent = z.infer<typeof standingEvent>;
export type BursarEvent = UsageEvent | EmitterEvent | StandingEvent;
export type EventData = { usage: UsageData; emitter: EmitterData; standing: StandingData };

/** The schemas of whole events, for the committed JSON Schemas. */
export const eventSchemas = { usage: usageEvent, emitter: emitterEvent, standing: standingEvent };

export type RecordIn = {
  readonly value: Uint8Array | null;
  readonly headers: Readonly<Record<string, string | Uint8Array | readonly (string | Uint8Array)[] | undefined>>;
};

export type Rejection = 'empty' | 'too_large' | 'not_utf8' | 'not_json' | 'unknown_type' | 'invalid';

export type Decoded =
  | { readonly ok: true; readonly event: BursarEvent }
  | {
      readonly ok: false;
      readonly reason: Rejection;
      readonly detail: string;
      /** Whose event it was and which, where that could still be read. */
      readonly position?: SequencePosition;
    };

const MOST_DETAIL_CHARS = 500;
const CONTENT_TYPE = 'application/cloudevents+json; charset=utf-8';
const NO_MODE =
  'neither a CloudEvents content-type header (application/cloudevents+json) nor a ce_type header is there';
const utf8 = new TextDecoder('utf-8', { fatal: true });
const knownTypes = new Set<unknown>([USAGE_TYPE, STANDING_TYPE, ...EMITTER_TYPES]);

/**
 * The Kafka value and headers of an event: CloudEvents 1.0, structured mode.
 * `ce_type` and `ce_id` stand in the headers as well so that a consumer can filter without parsing.
 * Source: CloudEvents Kafka protocol binding 1.0.2, §3.3.
 */
export function encodeEvent(event: BursarEvent): { value: string; headers: Record<string, string> } {
  return {
    value: JSON.stringify({ ...event, datacontenttype: 'application/json' }),
    headers: { 'content-type': CONTENT_TYPE, ce_type: event.type, ce_id: event.id },
  };
}

/**
 * Reads a record in structured or binary mode. Total: hostile input gives a rejection, never an error.
 * The rejection's `detail` holds no credential and may be stored. Of a name that JSON repeats the last value counts.
 */
export function decodeEvent(record: RecordIn): Decoded {
  const { value } = record;
  if (value === null || value.byteLength === 0)
    return { ok: false, reason: 'empty', detail: 'the record has no value' };
  if (value.byteLength > MAX_RECORD_BYTES) {
    return { ok: false, reason: 'too_large', detail: `${value.byteLength} bytes, the most is ${MAX_RECORD_BYTES}` };
  }
  const parsed = parseJson(value);
  if (!parsed.ok) return parsed;
  if (isStructured(record)) return check(parsed.json);
  if (headerText(record, 'ce_type') !== undefined) return check(binaryEnvelope(record, parsed.json));
  return refuse('unknown_type', NO_MODE, parsed.json);
}

function refuse(reason: Rejection, detail: string, json: unknown): Decoded {
  const position = sequencePosition(json);
  const told = storable(scrubSecrets(detail).slice(0, MOST_DETAIL_CHARS));
  return { ok: false, reason, detail: told, ...(position && { position }) };
}

function parseJson(value: Uint8Array): { ok: true; json: unknown } | Extract<Decoded, { ok: false }> {
  let source: string;
  try {
    source = utf8.decode(value);
  } catch {
    return { ok: false, reason: 'not_utf8', detail: 'the value is not UTF-8' };
  }
  try {
    return { ok: true, json: JSON.parse(source) };
  } catch {
    return { ok: false, reason: 'not_json', detail: 'the value is not JSON' };
  }
}

function check(envelope: unknown): Decoded {
  const type = envelope !== null && typeof envelope === 'object' ? (envelope as { type?: unknown }).type : undefined;
  if (!knownTypes.has(type)) return refuse('unknown_type', `type ${shownType(type)}`, envelope);
  const result = event.safeParse(envelope);
  if (result.success) return accept(result.data, envelope);
  const detail = result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
  return refuse('invalid', detail, envelope);
}

function accept(event: BursarEvent, envelope: unknown): Decoded {
  if (event.type !== USAGE_TYPE) return { ok: true, event };
  const tags = withProtoTag(event.data.tags, envelope);
  if (typeof tags === 'string') return refuse('invalid', tags, envelope);
  return { ok: true, event: tags === event.data.tags ? event : { ...event, data: { ...event.data, tags } } };
}

/** Never the value of an object: one that is nested deep enough would exhaust the stack. */
function shownType(type: unknown): string {
  if (type === undefined || type === null) return 'null';
  return typeof type === 'string' ? JSON.stringify(scrubSecrets(type).slice(0, 80)) : `that is of type ${typeof type}`;
}

/** Whether a record is in structured mode: all of the event in its value. */
export function isStructured(record: RecordIn): boolean {
  return (headerText(record, 'content-type') ?? '').toLowerCase().startsWith('application/cloudevents');
}

function binaryEnvelope(record: RecordIn, data: unknown): unknown {
  const names = ['specversion', 'id', 'source', 'type', 'subject', 'time'] as const;
  return { ...Object.fromEntries(names.map((name) => [name, headerText(record, `ce_${name}`)])), data };
}

/** The first value of a header as text. */
export function headerText(record: RecordIn, name: string): string | undefined {
  const raw = record.headers[name];
  const first = Array.isArray(raw) ? raw[0] : (raw as string | Uint8Array | undefined);
  return first === undefined || typeof first === 'string' ? first : Buffer.from(first).toString('utf8');
}
