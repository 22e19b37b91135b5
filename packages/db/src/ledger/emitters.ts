import type { Connection, Queryable } from '../pool.ts';
import { emitterQuarterRows, emitterRows } from './rows.ts';

/** As many reasons as anybody needs: what an emitter says of its drops must not grow a row without end. */
const MOST_REASONS = 32;

/** Counts of drops only grow: of two reports the higher of each reason is the newer, in whatever order they came. */
const NEWEST_DROPPED = `case when excluded.dropped = '{}' or excluded.dropped = known.dropped then known.dropped else (
    select jsonb_object_agg(reason, most) from (
      select key as reason, max(value::numeric) as most
        from (select * from jsonb_each_text(known.dropped) union all select * from jsonb_each_text(excluded.dropped)) as told
       group by key order by most desc, key limit ${MOST_REASONS}) as newest) end`;

/** The statement that adds what batches tell about boots; no boot and partition comes twice. */
export function emitterInsert(first: number): string {
  return `insert into emitter_seq as known (${emitterRows.columns})
          select emitter_id, boot, partition, service, seen, duplicates, quarantined, unnumbered, highest_seq, last_event_seq,
                 coalesce(pending, 0), told_at, dropped, started_at, closed_at from ${emitterRows.from(first)}
           order by emitter_id, boot, partition
          on conflict (emitter_id, boot, partition) do update
          set seen = known.seen + excluded.seen,
              duplicates = known.duplicates + excluded.duplicates,
              quarantined = known.quarantined + excluded.quarantined,
              unnumbered = known.unnumbered + excluded.unnumbered,
              highest_seq = greatest(known.highest_seq, excluded.highest_seq),
              last_event_seq = greatest(known.last_event_seq, excluded.last_event_seq),
              pending = case when excluded.told_at >= coalesce(known.told_at, '-infinity') then excluded.pending else known.pending end,
              told_at = greatest(known.told_at, excluded.told_at),
              dropped = ${NEWEST_DROPPED},
              started_at = coalesce(known.started_at, excluded.started_at),
              closed_at = coalesce(excluded.closed_at, known.closed_at),
              last_seen_at = clock_timestamp()`;
}

/** The same by quarters of an hour; none comes twice. */
export function emitterQuarterInsert(first: number): string {
  return `insert into emitter_quarter_hour as known (${emitterQuarterRows.columns})
          select ${emitterQuarterRows.columns} from ${emitterQuarterRows.from(first)}
           order by emitter_id, boot, quarter, partition
          on conflict (emitter_id, boot, quarter, partition) do update
          set seen = known.seen + excluded.seen,
              duplicates = known.duplicates + excluded.duplicates,
              quarantined = known.quarantined + excluded.quarantined,
              unnumbered = known.unnumbered + excluded.unnumbered,
              highest_seq = greatest(known.highest_seq, excluded.highest_seq),
              lowest_pending = least(known.lowest_pending, excluded.lowest_pending),
              dropped = ${NEWEST_DROPPED}`;
}

/**
 * Takes records out of what counts as quarantined, because they go through the log again and will be counted there. Their rows
 * stay in `quarantine`. Returns how many were taken out; a record that was taken out before, or never counted, is none.
 */
export async function releaseQuarantined(connection: Connection, quarantineIds: readonly string[]): Promise<number> {
  const { rows } = await connection.query<Record<'emitter_id' | 'boot' | 'partition' | 'quarter', unknown>>(
    `with counted as materialized (
       select quarantine_id, emitter_id, boot, partition, quarter from quarantine
        where quarantine_id = any ($1::bigint[]) and quarter is not null order by quarantine_id for update
     )
     update quarantine set quarter = null from counted where quarantine.quarantine_id = counted.quarantine_id
     returning counted.emitter_id, counted.boot, counted.partition, counted.quarter`,
    [quarantineIds],
  );
  const columns = (['emitter_id', 'boot', 'partition', 'quarter'] as const).map((name) => rows.map((row) => row[name]));
  // Locked in the order of the keys, as batches do.
  await connection.query(
    `with locked as materialized (
       select emitter_id, boot, partition, count from emitter_seq join (
         select emitter_id, boot, partition, count(*) as count
           from unnest($1::text[], $2::uuid[], $3::int[]) as released (emitter_id, boot, partition)
          group by emitter_id, boot, partition) as released using (emitter_id, boot, partition)
        order by emitter_id, boot, partition for update of emitter_seq
     )
     update emitter_seq as known set quarantined = quarantined - count from locked
      where (known.emitter_id, known.boot, known.partition) = (locked.emitter_id, locked.boot, locked.partition)`,
    columns.slice(0, 3),
  );
  await connection.query(
    `with locked as materialized (
       select emitter_id, boot, quarter, partition, count from emitter_quarter_hour join (
         select emitter_id, boot, quarter, partition, count(*) as count
           from unnest($1::text[], $2::uuid[], $3::int[], $4::timestamptz[]) as released (emitter_id, boot, partition, quarter)
          group by emitter_id, boot, quarter, partition) as released using (emitter_id, boot, quarter, partition)
        order by emitter_id, boot, quarter, partition for update of emitter_quarter_hour
     )
     update emitter_quarter_hour as known set quarantined = quarantined - count from locked
      where (known.emitter_id, known.boot, known.quarter, known.partition)
          = (locked.emitter_id, locked.boot, locked.quarter, locked.partition)`,
    columns,
  );
  return rows.length;
}

/** What the ledger knows already of boots, by `emitter/boot`: the last number, and how long ago it heard of them. */
export async function knownBoots(
  db: Queryable,
  boots: readonly { emitterId: string; boot: string }[],
): Promise<Map<string, { highestSeq: number; silentForMs: number }>> {
  const { rows } = await db.query<{ name: string; highest: string; silent_for_ms: string }>(
    `select emitter_id || '/' || boot as name, max(highest_seq) as highest,
            extract(epoch from clock_timestamp() - max(last_seen_at)) * 1000 as silent_for_ms
       from emitter_seq join unnest($1::text[], $2::uuid[]) as wanted (emitter_id, boot) using (emitter_id, boot)
      group by emitter_id, boot`,
    [boots.map(({ emitterId }) => emitterId), boots.map(({ boot }) => boot)],
  );
  return new Map(
    rows.map(({ name, highest, silent_for_ms }) => [
      name,
      { highestSeq: Number(highest), silentForMs: Number(silent_for_ms) },
    ]),
  );
}

/** Forgets boots of which nothing was heard for so long, unless numbers of theirs are missing still. Returns how many rows. */
export async function pruneEmitters(db: Queryable, keepMs: number): Promise<number> {
  const { rowCount } = await db.query(
    `delete from emitter_seq old
      where last_seen_at < clock_timestamp() - $1 * interval '1 millisecond'
        and not exists (select 1 from emitter_seq newer where newer.emitter_id = old.emitter_id and newer.boot = old.boot
                           and newer.last_seen_at >= clock_timestamp() - $1 * interval '1 millisecond')
        and not exists (select 1 from emitter_hole hole where hole.emitter_id = old.emitter_id and hole.boot = old.boot)`,
    [keepMs],
  );
  return rowCount ?? 0;
}

/**
 * Forgets quarters that ended more than this ago. The last one of each boot and partition that is still heard stays:
 * what comes after it begins where it ended.
 */
export async function pruneEmitterQuarters(db: Queryable, keepMs: number): Promise<number> {
  const { rowCount } = await db.query(
    `delete from emitter_quarter_hour old
      where quarter < clock_timestamp() - $1 * interval '1 millisecond'
        and (exists (select 1 from emitter_quarter_hour newer
                      where newer.emitter_id = old.emitter_id and newer.boot = old.boot and newer.partition = old.partition
                        and newer.quarter > old.quarter and newer.quarter < clock_timestamp() - $1 * interval '1 millisecond')
          or not exists (select 1 from emitter_seq
                          where emitter_seq.emitter_id = old.emitter_id and emitter_seq.boot = old.boot
                            and last_seen_at > clock_timestamp() - $1 * interval '1 millisecond'))`,
    [keepMs],
  );
  return rowCount ?? 0;
}
