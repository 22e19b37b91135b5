import type { EmitterRow } from '@bursar/db/ledger/rows';
import type { PricedRecord } from './price-records.ts';
import type { EmitterRecord, Readings } from './read-records.ts';

/** What a batch tells about each boot of each emitter. Pure; sorted by emitter and boot. */
export function sumEmitters(
  records: readonly PricedRecord[],
  told: Pick<Readings, 'repeats' | 'emitters' | 'refusedUsage'>,
  partition: number,
  isFresh: (eventId: string) => boolean,
): EmitterRow[] {
  const boots = new Map<string, EmitterRow>();
  const bootOf = (emitter: { id: string; boot: string }, service: string) => {
    const name = `${emitter.id}/${emitter.boot.toLowerCase()}`;
    const row = boots.get(name) ?? emptyBoot(emitter, service, partition);
    boots.set(name, row);
    return row;
  };
  const count = ({ event }: { event: PricedRecord['event'] }, as: 'seen' | 'duplicates' | 'quarantined') => {
    const { emitter, service } = event.data;
    const row = bootOf(emitter, service);
    row[as]++;
    if (emitter.seq >= row.highest_seq) row.dropped = JSON.stringify(emitter.dropped);
    row.highest_seq = Math.max(row.highest_seq, emitter.seq);
  };
  for (const record of records) count(record, isFresh(record.event.id) ? 'seen' : 'duplicates');
  for (const record of told.repeats) count(record, 'duplicates');
  for (const record of told.refusedUsage) count(record, 'quarantined');
  for (const record of told.emitters) tell(bootOf(record.event.data.emitter, record.event.data.service), record);
  return [...boots.values()].sort(byBoot);
}

function emptyBoot(emitter: { id: string; boot: string }, service: string, partition: number): EmitterRow {
  return {
    emitter_id: emitter.id,
    boot: emitter.boot.toLowerCase(),
    partition,
    service,
    seen: 0,
    duplicates: 0,
    quarantined: 0,
    highest_seq: 0,
    pending: null,
    dropped: null,
    started_at: null,
    closed_at: null,
  };
}

/** Takes in what an emitter says of itself. */
function tell(row: EmitterRow, { event }: EmitterRecord): void {
  row.highest_seq = Math.max(row.highest_seq, event.data.highestSeq);
  row.pending = event.data.pending;
  row.dropped = JSON.stringify(event.data.dropped);
  row.started_at = new Date(event.data.startedAt).toISOString();
  if (event.type === 'dev.bursar.emitter.closed.v1') row.closed_at = new Date(event.time).toISOString();
}

function byBoot(a: EmitterRow, b: EmitterRow): number {
  if (a.emitter_id !== b.emitter_id) return a.emitter_id < b.emitter_id ? -1 : 1;
  return a.boot < b.boot ? -1 : 1;
}
