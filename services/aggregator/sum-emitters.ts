import type { EmitterQuarterRow, EmitterRow } from '@bursar/db/ledger/rows';
import type { PricedRecord } from './price-records.ts';
import { type EmitterRecord, QUARTER_HOUR_MS, type Readings } from './read-records.ts';

/** What a batch needs to know from outside to account for its records. */
export type Judgement = {
  isFresh(eventId: string): boolean;
  /** Of a record that was refused, by its offset. */
  isNewlyQuarantined(kafkaOffset: string): boolean;
  /** The highest number that a boot can have given by now. */
  mostSeqOf(emitterId: string, boot: string): number;
};

export type EmitterSums = { emitters: EmitterRow[]; emitterQuarters: EmitterQuarterRow[] };

type Drops = Map<string, number>;
type Quarter = { quarterMs: number; row: Omit<EmitterQuarterRow, 'quarter' | 'dropped'>; dropped: Drops };
type Boot = {
  row: Omit<EmitterRow, 'dropped'>;
  dropped: Drops;
  mostSeq: number;
  quarters: Map<number, Quarter>;
  /** The one that the last record was of; the next is likely of the same. */
  current: Quarter | undefined;
};
type Count = 'seen' | 'duplicates' | 'quarantined';
type Source = { id: string; boot: string; dropped: Readonly<Record<string, number>>; seq: number };

/** What a batch tells about each boot of each emitter, whole and by quarters of an hour. Pure; both lists are sorted by their table's key. */
export function sumEmitters(
  records: readonly PricedRecord[],
  told: Pick<Readings, 'repeats' | 'emitters' | 'refused'>,
  partition: number,
  { isFresh, isNewlyQuarantined, mostSeqOf }: Judgement,
): EmitterSums {
  const boots = new BootSums(partition, mostSeqOf);
  for (const { event, occurredAtMs } of records)
    boots.count(event.data.emitter, event.data.service, occurredAtMs, isFresh(event.id) ? 'seen' : 'duplicates');
  for (const { event, occurredAtMs } of told.repeats)
    boots.count(event.data.emitter, event.data.service, occurredAtMs, 'duplicates');
  for (const { emitter, service, offset, countedAtMs } of told.refused) {
    const isNew = isNewlyQuarantined(offset.toString());
    boots.count(emitter, service, countedAtMs, isNew ? 'quarantined' : 'duplicates');
  }
  for (const record of told.emitters) boots.tell(record);
  return boots.sums();
}

class BootSums {
  readonly #partition: number;
  readonly #mostSeqOf: Judgement['mostSeqOf'];
  readonly #emitters = new Map<string, Map<string, Boot>>();

  constructor(partition: number, mostSeqOf: Judgement['mostSeqOf']) {
    this.#partition = partition;
    this.#mostSeqOf = mostSeqOf;
  }

  count(emitter: Source, service: string, atMs: number, as: Count): void {
    const boot = this.#boot(emitter, service);
    const { row } = boot;
    const quarter = this.#quarter(boot, atMs);
    row[as]++;
    quarter.row[as]++;
    if (emitter.seq > boot.mostSeq) {
      if (as !== 'seen') return;
      row.unnumbered++;
      quarter.row.unnumbered++;
      return;
    }
    if (emitter.seq > row.last_event_seq) row.last_event_seq = emitter.seq;
    raise(boot, quarter, emitter.seq, emitter.dropped);
  }

  /** Takes in what an emitter says of itself. */
  tell({ event, countedAtMs }: EmitterRecord): void {
    const { data } = event;
    const boot = this.#boot(data.emitter, data.service);
    const quarter = this.#quarter(boot, countedAtMs);
    if (data.highestSeq <= boot.mostSeq) raise(boot, quarter, data.highestSeq, data.dropped);
    quarter.row.lowest_pending = Math.min(quarter.row.lowest_pending ?? data.pending, data.pending);
    const toldAt = new Date(countedAtMs).toISOString();
    if (boot.row.told_at === null || toldAt >= boot.row.told_at) {
      boot.row.told_at = toldAt;
      boot.row.pending = data.pending;
    }
    boot.row.started_at = new Date(data.startedAt).toISOString();
    if (event.type === 'dev.bursar.emitter.closed.v1') boot.row.closed_at = new Date(event.time).toISOString();
  }

  sums(): EmitterSums {
    const boots = [...this.#emitters.values()].flatMap((ofEmitter) => [...ofEmitter.values()]).sort(byBoot);
    return {
      emitters: boots.map(({ row, dropped }) => ({ ...row, dropped: jsonOf(dropped) })),
      emitterQuarters: boots.flatMap(({ quarters }) =>
        [...quarters.values()]
          .sort((a, b) => a.quarterMs - b.quarterMs)
          .map(({ row, quarterMs, dropped }) => ({
            ...row,
            quarter: new Date(quarterMs).toISOString(),
            dropped: jsonOf(dropped),
          })),
      ),
    };
  }

  #boot({ id, boot: name }: Pick<Source, 'id' | 'boot'>, service: string): Boot {
    let ofEmitter = this.#emitters.get(id);
    if (ofEmitter === undefined) {
      ofEmitter = new Map();
      this.#emitters.set(id, ofEmitter);
    }
    const spelled = ofEmitter.get(name);
    if (spelled !== undefined) return spelled;
    // Emitters write it in lower case; who does not still means the same boot.
    const lower = name.toLowerCase();
    const boot = ofEmitter.get(lower) ?? this.#newBoot(id, lower, service);
    ofEmitter.set(lower, boot);
    return boot;
  }

  #newBoot(emitterId: string, boot: string, service: string): Boot {
    const row = {
      emitter_id: emitterId,
      boot,
      partition: this.#partition,
      service,
      ...{ seen: 0, duplicates: 0, quarantined: 0, unnumbered: 0, highest_seq: 0, last_event_seq: 0 },
      ...{ pending: null, told_at: null, started_at: null, closed_at: null },
    };
    const mostSeq = this.#mostSeqOf(emitterId, boot);
    return { row, dropped: new Map(), mostSeq, quarters: new Map(), current: undefined };
  }

  #quarter(boot: Boot, atMs: number): Quarter {
    const quarterMs = atMs - (atMs % QUARTER_HOUR_MS);
    if (boot.current?.quarterMs === quarterMs) return boot.current;
    boot.current = boot.quarters.get(quarterMs) ?? this.#newQuarter(boot, quarterMs);
    boot.quarters.set(quarterMs, boot.current);
    return boot.current;
  }

  #newQuarter({ row: { emitter_id, boot, partition, service } }: Boot, quarterMs: number): Quarter {
    const row = {
      ...{ emitter_id, boot, partition, service },
      ...{ seen: 0, duplicates: 0, quarantined: 0, unnumbered: 0, highest_seq: 0, lowest_pending: null },
    };
    return { quarterMs, row, dropped: new Map() };
  }
}

function raise(boot: Boot, quarter: Quarter, seq: number, dropped: Source['dropped']): void {
  if (seq > boot.row.highest_seq) boot.row.highest_seq = seq;
  if (seq > quarter.row.highest_seq) quarter.row.highest_seq = seq;
  for (const reason in dropped) {
    const count = dropped[reason]!;
    if (count > (quarter.dropped.get(reason) ?? 0)) quarter.dropped.set(reason, count);
    if (count > (boot.dropped.get(reason) ?? 0)) boot.dropped.set(reason, count);
  }
}

function jsonOf(drops: Drops): string {
  return drops.size === 0 ? '{}' : JSON.stringify(Object.fromEntries(drops));
}

function byBoot({ row: a }: Boot, { row: b }: Boot): number {
  if (a.emitter_id !== b.emitter_id) return a.emitter_id < b.emitter_id ? -1 : 1;
  return a.boot < b.boot ? -1 : 1;
}
