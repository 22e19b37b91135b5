import type { Watermarks } from '@bursar/bus/admin';
import type { Pool } from '@bursar/db/pool';
import type { Account } from '../traffic/messages.ts';
import { type Comparison, compareMaps } from './difference.ts';

/** Every event that was made was seen once; every record that Kafka took is accounted for; nothing was set aside in silence. */
export async function compareAccounts(db: Pool, account: Account, marks: readonly Watermarks[]): Promise<Comparison[]> {
  const { rows: seen } = await db.query<{ id: string; boot: string; seen: string; highest: string; closed: boolean }>(
    `select emitter_id as id, boot, sum(seen) as seen, max(highest_seq) as highest, bool_or(closed_at is not null) as closed
       from emitter_seq group by emitter_id, boot`,
  );
  const { rows: unreadable } = await db.query<{ record: string }>(
    `select distinct record from quarantine where reason <> 'key_mismatch'`,
  );
  const { rows: misaddressed } = await db.query<{ id: string }>(
    `select distinct event_id as id from quarantine where reason = 'key_mismatch'`,
  );
  const { rows: sums } = await db.query<{ events: string; records: string; goodbyes: string }>(
    `select (select count(*) from usage_event) as events,
            (select coalesce(sum(seen + duplicates + quarantined), 0) from emitter_seq) + (select count(*) from quarantine where event_id is null) as records,
            (select count(*) from emitter_seq where closed_at is not null) as goodbyes`,
  );
  const { rows: incidents } = await db.query<{ kind: string; subject: string; sentence: string }>(
    'select * from incident',
  );
  const high = marks.reduce((sum, mark) => sum + mark.high, 0n);
  const { events, records, goodbyes } = sums[0]!;
  return [
    compareMaps(
      'emitter',
      new Map(seen.map((row) => [`${row.id} ${row.boot}`, `${row.seen} seen of ${row.highest}, closed ${row.closed}`])),
      new Map(account.emitters.map(({ id, boot, seq }) => [`${id} ${boot}`, `${seq} seen of ${seq}, closed true`])),
    ),
    compareMaps(
      'unreadable record',
      new Map(unreadable.map(({ record }) => [record, 'quarantined'])),
      new Map(account.unreadable.map((record) => [record, 'quarantined'])),
    ),
    compareMaps(
      'misaddressed record',
      new Map(misaddressed.map(({ id }) => [id, 'quarantined'])),
      new Map(account.misaddressed.map((id) => [id, 'quarantined'])),
    ),
    compareMaps('stored events', new Map([['count', events]]), new Map([['count', String(account.events)]])),
    recordsComparison(BigInt(records), BigInt(goodbyes), high),
    compareMaps(
      'incident',
      new Map(incidents.map(({ kind, subject, sentence }) => [`${kind} ${subject}`, sentence])),
      new Map(),
    ),
  ];
}

/** A goodbye may have been sent again like any record; that it arrived twice is not counted anywhere. */
function recordsComparison(records: bigint, goodbyes: bigint, high: bigint): Comparison {
  const left = high - records - goodbyes;
  const differences =
    left >= 0n && left <= goodbyes
      ? []
      : [`records: ${records} counted, repeated or quarantined and ${goodbyes} goodbyes, but Kafka took ${high}`];
  return { what: 'records in Kafka', compared: Number(high), differences };
}
