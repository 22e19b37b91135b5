import type { KafkaRecord } from '@bursar/bus/partition-loop';
import type { QuarantineRow } from '@bursar/db/ledger/rows';
import { decodeEvent, type EmitterEvent, type UsageEvent } from '@bursar/events/cloudevent';
import { scrubSecrets } from '@bursar/events/field';
import type { SequencePosition } from '@bursar/events/sequence-position';
import { DEDUP_WINDOW_MS } from '@bursar/events/topics';
import { uuidV7TimeMs } from '@bursar/events/uuid-v7';
import { billedTokens } from '@bursar/pricing/billed-tokens';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** How far a clock may be ahead of ours. */
const AHEAD_MS = 5 * MINUTE_MS;
/** A request ends at most this long before its id is made (a batch result may be read late). */
const SETTLING_MS = DAY_MS;
const KEPT_CHARS = 16_384;
const MOST_TOKENS = 1_000_000_000;

export type UsageRecord = { event: UsageEvent; occurredAtMs: number; offset: bigint };
export type EmitterRecord = { event: EmitterEvent; offset: bigint };

export type Readings = {
  /** The first record of each event id, in order of id. */
  usage: readonly UsageRecord[];
  /** Further records of an id that this batch holds already. */
  repeats: readonly UsageRecord[];
  emitters: readonly EmitterRecord[];
  quarantined: readonly QuarantineRow[];
  /** Whose events were quarantined, where that could be read. */
  refusedUsage: readonly UsageRecord[];
  /** Of events that were quarantined because they could not be read: whose they were and which, where that was legible. */
  illegible: readonly SequencePosition[];
};

/** Sorts the records of one partition into what counts and what does not. Total: no input makes it fail. */
export function readRecords(
  records: readonly KafkaRecord[],
  at: { topic: string; partition: number; nowMs: number },
): Readings {
  const byId = new Map<string, UsageRecord>();
  const repeats: UsageRecord[] = [];
  const emitters: EmitterRecord[] = [];
  const quarantined: QuarantineRow[] = [];
  const refusedUsage: UsageRecord[] = [];
  const illegible: SequencePosition[] = [];
  for (const record of records) {
    const reading = readRecord(record, at.nowMs);
    if (reading.kind === 'usage') {
      const known = byId.has(reading.usage.event.id);
      if (known) repeats.push(reading.usage);
      else byId.set(reading.usage.event.id, reading.usage);
    } else if (reading.kind === 'emitter') {
      emitters.push(reading.emitter);
    } else {
      quarantined.push(quarantineRow(record, at, reading));
      if (reading.usage) refusedUsage.push(reading.usage);
      if (reading.position) illegible.push(reading.position);
    }
  }
  const usage = [...byId.values()].sort((a, b) => (a.event.id < b.event.id ? -1 : 1));
  return { usage, repeats, emitters, quarantined, refusedUsage, illegible };
}

type Wrong = { reason: string; detail: string };
type Refused = Wrong & { kind: 'refused'; usage?: UsageRecord; position?: SequencePosition | undefined };
type Reading = { kind: 'usage'; usage: UsageRecord } | { kind: 'emitter'; emitter: EmitterRecord } | Refused;

function readRecord(record: KafkaRecord, nowMs: number): Reading {
  if (record.unreadable !== undefined)
    return { kind: 'refused', reason: 'unreadable_batch', detail: record.unreadable.because };
  const decoded = decodeEvent(record);
  if (!decoded.ok) {
    const { reason, detail, position } = decoded;
    return { kind: 'refused', reason, detail, position };
  }
  const { event } = decoded;
  if (event.type === 'dev.bursar.standing.v1') {
    return { kind: 'refused', reason: 'unknown_type', detail: 'a standing record on the usage topic' };
  }
  if (event.type !== 'dev.bursar.usage.v1') return { kind: 'emitter', emitter: { event, offset: record.offset } };
  const usage = {
    event: { ...event, id: event.id.toLowerCase() },
    occurredAtMs: Date.parse(event.time),
    offset: record.offset,
  };
  const wrong = wrongKey(usage, record.key) ?? wrongTime(usage, nowMs) ?? wrongUsage(usage);
  return wrong ? { kind: 'refused', ...wrong, usage } : { kind: 'usage', usage };
}

/**
 * The Kafka key and `subject` name the metered key, as the data does: order per key, compaction and filters rest on it.
 * A producer may leave either out (an empty Kafka key is none); what it says must agree.
 */
function wrongKey({ event }: UsageRecord, kafkaKey: KafkaRecord['key']): Wrong | undefined {
  const { sha256 } = event.data.key;
  const detail = (what: string) => ({ reason: 'key_mismatch', detail: `${what} is not the event's key ${sha256}` });
  if (kafkaKey !== null && kafkaKey.byteLength > 0 && !kafkaKey.equals(Buffer.from(sha256)))
    return detail('the Kafka key');
  return event.subject !== undefined && event.subject !== sha256 ? detail('the subject') : undefined;
}

/** Why an event's times can't be right: an id outside the dedup window could be counted twice. */
function wrongTime({ event, occurredAtMs }: UsageRecord, nowMs: number): Wrong | undefined {
  const idMs = uuidV7TimeMs(event.id);
  if (idMs === undefined) return { reason: 'id_not_v7', detail: 'the event id is not a UUIDv7' };
  if (idMs < nowMs - DEDUP_WINDOW_MS) {
    return { reason: 'too_old', detail: `made at ${iso(idMs)}, more than ${DEDUP_WINDOW_MS / DAY_MS} days ago` };
  }
  if (idMs > nowMs + AHEAD_MS)
    return { reason: 'from_the_future', detail: `made at ${iso(idMs)} by the emitter's clock` };
  if (occurredAtMs > idMs + AHEAD_MS || occurredAtMs < idMs - SETTLING_MS) {
    return { reason: 'implausible_time', detail: `time ${event.time} does not fit an id made at ${iso(idMs)}` };
  }
  return undefined;
}

/** Each counter is bounded by the schema; the sum over the steps of one request must be as well. */
function wrongUsage({ event }: UsageRecord): Wrong | undefined {
  if (event.data.usage === undefined) return undefined;
  const largest = Math.max(...Object.values(billedTokens(event.data.usage)));
  return largest > MOST_TOKENS ? { reason: 'implausible_usage', detail: `${largest} tokens of one kind` } : undefined;
}

function quarantineRow(record: KafkaRecord, at: { topic: string; partition: number }, refused: Refused): QuarantineRow {
  const kept = (record.value ?? Buffer.alloc(0)).subarray(0, KEPT_CHARS).toString('utf8').replaceAll('\u0000', '');
  return {
    topic: at.topic,
    partition: at.partition,
    kafka_offset: record.offset.toString(),
    reason: refused.reason,
    detail: scrubSecrets(refused.detail).replaceAll('\u0000', ''),
    record: scrubSecrets(kept),
    record_bytes: record.value?.byteLength ?? 0,
    event_id: refused.usage?.event.id ?? null,
  };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
