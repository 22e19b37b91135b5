import type { KafkaRecord } from '@bursar/bus/partition-loop';
import type { QuarantineRow } from '@bursar/db/ledger/rows';
import { decodeEvent, type EmitterEvent, type UsageEvent } from '@bursar/events/cloudevent';
import type { QuarantineReason } from '@bursar/events/quarantine-reason';
import type { SequencePosition } from '@bursar/events/sequence-position';
import { DEDUP_WINDOW_MS } from '@bursar/events/topics';
import { uuidV7TimeMs } from '@bursar/events/uuid-v7';
import { billedTokens } from '@bursar/pricing/billed-tokens';
import { quarantineRow } from './quarantine-row.ts';
import type { MayCount } from './speakers/judge-speaker.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** How far a clock may be ahead of ours. */
const AHEAD_MS = 5 * MINUTE_MS;
/** A request ends at most this long before or after its id is made: streams are long, and results of batches are read late. */
const LONGEST_REQUEST_MS = DAY_MS;
/** Emitters are accounted for by quarters of an hour, this far back; what claims another time counts at its arrival. */
export const QUARTER_HOUR_MS = 15 * MINUTE_MS;
const ACCOUNTED_MS = 35 * DAY_MS;
const MOST_TOKENS = 1_000_000_000;
const MOST_SEARCHES = 10_000;

export type UsageRecord = { event: UsageEvent; occurredAtMs: number; offset: bigint };
/** `countedAtMs`: the time under which it is accounted for. */
export type EmitterRecord = { event: EmitterEvent; offset: bigint; countedAtMs: number };
/** What a record that can't count still tells of its emitter. */
export type RefusedRecord = {
  eventId?: string;
  offset: bigint;
  countedAtMs: number;
  service: string;
  emitter: UsageEvent['data']['emitter'];
};

export type Readings = {
  /** The first record of each event id, in order of id. */
  usage: readonly UsageRecord[];
  /** Further records of an id that this batch holds already. */
  repeats: readonly UsageRecord[];
  emitters: readonly EmitterRecord[];
  quarantined: readonly QuarantineRow[];
  /** Whose events were quarantined, where that could be read. */
  refused: readonly RefusedRecord[];
};

/**
 * Sorts the records of one partition into what counts and what does not. Total: no input makes it fail.
 * `mayCount` judges who speaks; a replay is looked up without it, since the answer may have changed.
 */
export function readRecords(
  records: readonly KafkaRecord[],
  at: { topic: string; partition: number; nowMs: number },
  mayCount?: MayCount,
): Readings {
  const byId = new Map<string, UsageRecord>();
  const repeats: UsageRecord[] = [];
  const emitters: EmitterRecord[] = [];
  const quarantined: QuarantineRow[] = [];
  const refused: RefusedRecord[] = [];
  for (const record of records) {
    const reading = readRecord(record, at.nowMs, mayCount);
    if (reading.kind === 'usage') {
      const known = byId.has(reading.usage.event.id);
      if (known) repeats.push(reading.usage);
      else byId.set(reading.usage.event.id, reading.usage);
    } else if (reading.kind === 'emitter') {
      emitters.push(reading.emitter);
    } else {
      const eventId = reading.eventId ?? reading.refused?.eventId ?? null;
      quarantined.push({ ...quarantineRow(record, at, { ...reading, eventId }), ...whose(reading.refused) });
      if (reading.refused) refused.push(reading.refused);
    }
  }
  const usage = [...byId.values()].sort((a, b) => (a.event.id < b.event.id ? -1 : 1));
  return { usage, repeats, emitters, quarantined, refused };
}

type Wrong = { reason: QuarantineReason; detail: string };
type Refused = Wrong & { kind: 'refused'; eventId?: string; refused?: RefusedRecord | undefined };
type Reading = { kind: 'usage'; usage: UsageRecord } | { kind: 'emitter'; emitter: EmitterRecord } | Refused;

function readRecord(record: KafkaRecord, nowMs: number, mayCount: MayCount | undefined): Reading {
  if (record.unreadable !== undefined)
    return { kind: 'refused', reason: 'unreadable_batch', detail: record.unreadable.because };
  const decoded = decodeEvent(record);
  if (!decoded.ok) {
    const { reason, detail, position } = decoded;
    const isBelieved = position && mayCount?.(record, illegibleBy(position)) === undefined;
    return {
      kind: 'refused',
      reason,
      detail,
      ...(isBelieved && { refused: illegibleOf(position, record.offset, nowMs) }),
    };
  }
  const { event } = decoded;
  if (event.type === 'dev.bursar.standing.v1') {
    return { kind: 'refused', reason: 'unknown_type', detail: 'a standing record on the usage topic' };
  }
  const refusal = mayCount?.(record, event);
  // Without `refused`: who is not believed must not spoil the account of the emitter that he names.
  if (refusal) return { kind: 'refused', ...refusal, eventId: event.id.toLowerCase() };
  const countedAtMs = accountedAt(Date.parse(event.time), nowMs);
  if (event.type !== 'dev.bursar.usage.v1')
    return { kind: 'emitter', emitter: { event, offset: record.offset, countedAtMs } };
  const usage = {
    event: { ...event, id: event.id.toLowerCase() },
    occurredAtMs: Date.parse(event.time),
    offset: record.offset,
  };
  const wrong = wrongKey(usage, record.key) ?? wrongTime(usage, nowMs) ?? wrongUsage(usage);
  return wrong ? { kind: 'refused', ...wrong, refused: refusedOf(usage, countedAtMs) } : { kind: 'usage', usage };
}

function refusedOf({ event, offset }: UsageRecord, countedAtMs: number): RefusedRecord {
  const { emitter, service } = event.data;
  return { eventId: event.id, offset, countedAtMs, service, emitter };
}

function illegibleBy({ service, emitterId: id }: SequencePosition): Parameters<MayCount>[1] {
  return { type: 'illegible', data: { service, emitter: { id } } };
}

/** Of an event that can't be read as a whole: whose it was and which, where that is legible. */
function illegibleOf(position: SequencePosition, offset: bigint, nowMs: number): RefusedRecord {
  const { emitterId: id, boot, seq, service, eventId } = position;
  const told = { offset, countedAtMs: nowMs, service, emitter: { id, boot, seq, dropped: {} } };
  return eventId === undefined ? told : { ...told, eventId };
}

function accountedAt(claimedMs: number, nowMs: number): number {
  return claimedMs > nowMs - ACCOUNTED_MS && claimedMs <= nowMs + AHEAD_MS ? claimedMs : nowMs;
}

/**
 * The Kafka key and `subject` name the metered key, as the data does: order per key, compaction and filters rest on it.
 * A producer may leave either out (an empty Kafka key is none); what it says must agree.
 */
function wrongKey({ event }: UsageRecord, kafkaKey: KafkaRecord['key']): Wrong | undefined {
  const { sha256 } = event.data.key;
  const detail = (what: string): Wrong => ({
    reason: 'key_mismatch',
    detail: `${what} is not the event's key ${sha256}`,
  });
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
  if (Math.abs(occurredAtMs - idMs) > LONGEST_REQUEST_MS || occurredAtMs > nowMs + AHEAD_MS) {
    return { reason: 'implausible_time', detail: `time ${event.time} does not fit an id made at ${iso(idMs)}` };
  }
  return undefined;
}

/** Each counter is bounded by the schema; the sum over the steps of one request must be as well. */
function wrongUsage({ event }: UsageRecord): Wrong | undefined {
  if (event.data.usage === undefined) return undefined;
  const largest = Math.max(...Object.values(billedTokens(event.data.usage)));
  const searches = event.data.usage.server_tool_use?.web_search_requests ?? 0;
  if (searches > MOST_SEARCHES) return { reason: 'implausible_usage', detail: `${searches} web searches` };
  return largest > MOST_TOKENS ? { reason: 'implausible_usage', detail: `${largest} tokens of one kind` } : undefined;
}

function whose(refused: RefusedRecord | undefined): Pick<QuarantineRow, 'emitter_id' | 'boot' | 'seq' | 'quarter'> {
  if (refused === undefined) return { emitter_id: null, boot: null, seq: null, quarter: null };
  const { id, boot, seq } = refused.emitter;
  const quarter = iso(refused.countedAtMs - (refused.countedAtMs % QUARTER_HOUR_MS));
  return { emitter_id: id, boot: boot.toLowerCase(), seq, quarter };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
