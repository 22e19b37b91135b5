import type { KafkaRecord } from '@bursar/bus/partition-loop';
import type { Altered, QuarantineRow } from '@bursar/db/ledger/rows';
import { scrubSecrets } from '@bursar/events/field';
import type { QuarantineReason } from '@bursar/events/quarantine-reason';

/** Longer texts are cut: what is kept is evidence, not a copy of the log. */
const KEPT_BYTES = 16_384;
const KEPT_KEY_BYTES = 1_024;

/** Whose event it is, is for the reader to tell. */
type StoredRow = Omit<QuarantineRow, 'emitter_id' | 'boot' | 'seq' | 'quarter'>;
type Refused = { reason: QuarantineReason; detail: string; eventId: string | null };
type Stored = { text: string; altered: Altered | null };

/** A record as quarantine keeps it: without secrets and without what Postgres can't store, and whether that changed it. */
export function quarantineRow(
  record: KafkaRecord,
  at: { topic: string; partition: number },
  { reason, detail, eventId }: Refused,
): StoredRow {
  const value = storedText(record.value ?? Buffer.alloc(0), KEPT_BYTES);
  const key = record.key === null ? null : storedText(record.key, KEPT_KEY_BYTES);
  const headers = storedHeaders(record.headers);
  return {
    topic: at.topic,
    partition: at.partition,
    kafka_offset: record.offset.toString(),
    reason,
    detail: scrubSecrets(detail).replaceAll('\u0000', ''),
    record: value.text,
    record_bytes: record.value?.byteLength ?? 0,
    record_key: key?.text ?? null,
    headers: headers.text,
    altered: value.altered ?? key?.altered ?? headers.altered,
    event_id: eventId,
  };
}

function storedText(bytes: Buffer, most: number): Stored {
  const isCut = bytes.byteLength > most;
  const read = bytes.subarray(0, most).toString('utf8');
  const storable = read.replaceAll('\u0000', '');
  const text = scrubSecrets(storable);
  if (isCut) return { text, altered: 'cut' };
  if (!Buffer.from(storable).equals(bytes)) return { text, altered: 'not_text' };
  return { text, altered: text === storable ? null : 'scrubbed' };
}

/** As a JSON object: name → text, or texts where the name came more than once. */
function storedHeaders(headers: KafkaRecord['headers']): Stored {
  let altered: Altered | null = null;
  const store = (value: string | Buffer): string => {
    const stored = storedText(Buffer.from(value), KEPT_BYTES);
    altered ??= stored.altered;
    return stored.text;
  };
  const entries = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[store(name), Array.isArray(value) ? value.map(store) : store(value)] as const],
  );
  const text = JSON.stringify(Object.fromEntries(entries));
  return text.length > KEPT_BYTES ? { text: '{}', altered: 'cut' } : { text, altered };
}
