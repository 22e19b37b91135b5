import type { Connection } from '../pool.ts';
import { type EmitterRow, emitterRows } from './rows.ts';

/** Adds what a batch tells about boots; rows are sorted by emitter and boot. */
export async function addToEmitters(connection: Connection, rows: readonly EmitterRow[]): Promise<void> {
  if (rows.length === 0) return;
  await connection.query({
    name: 'add-to-emitters',
    text: `insert into emitter_seq as known (${emitterRows.columns})
           select emitter_id, boot, partition, service, seen, duplicates, quarantined, highest_seq,
                  coalesce(pending, 0), coalesce(dropped, '{}'), started_at, closed_at from ${emitterRows.from()}
           on conflict (emitter_id, boot, partition) do update
           set seen = known.seen + excluded.seen,
               duplicates = known.duplicates + excluded.duplicates,
               quarantined = known.quarantined + excluded.quarantined,
               highest_seq = greatest(known.highest_seq, excluded.highest_seq),
               pending = excluded.pending,
               dropped = case when excluded.dropped = '{}' then known.dropped else excluded.dropped end,
               started_at = coalesce(known.started_at, excluded.started_at),
               closed_at = coalesce(excluded.closed_at, known.closed_at),
               last_seen_at = clock_timestamp()`,
    values: emitterRows.parameters(rows),
  });
}
