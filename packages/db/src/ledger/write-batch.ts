import type { Connection, Pool } from '../pool.ts';
import { inRetriedTransaction } from '../transaction.ts';
import { claimOffset, type OffsetClaim } from './claim-offset.ts';
import {
  type CubeRow,
  cubeRows,
  type EmitterRow,
  type EventRow,
  emitterRows,
  eventRows,
  type QuarantineRow,
  quarantineRows,
  type WindowRow,
} from './rows.ts';
import { addToWindows } from './windows.ts';

/** What a set of events adds up to. Every list is sorted by its table's key, so that lanes never deadlock. */
export type Sums = {
  minutes: readonly CubeRow[];
  quarterHours: readonly CubeRow[];
  emitters: readonly EmitterRow[];
  windows: readonly WindowRow[];
};

export type LedgerBatch = {
  claim: OffsetClaim;
  policyVersionId: number | undefined;
  /** Sorted by event id, no id twice. */
  events: readonly EventRow[];
  quarantined: readonly QuarantineRow[];
  /** Adds up the events that are new; the others are duplicates. Pure: it may be called more than once. */
  sum(isFresh: (eventId: string) => boolean): Sums;
};

export type Written =
  | { state: 'written'; fresh: number; duplicates: number; breaches: number; lateCrossings: number }
  | { state: 'lost'; nextOffset: bigint; epoch: bigint };

class LostClaim extends Error {
  override name = 'LostClaim';
  readonly nextOffset: bigint;
  readonly epoch: bigint;
  constructor(nextOffset: bigint, epoch: bigint) {
    super('another writer or another configuration came first');
    this.nextOffset = nextOffset;
    this.epoch = epoch;
  }
}

/**
 * Writes a batch in one transaction, in the order that every writer of these tables keeps:
 * offset, rows, minute cube, quarter-hour cube, emitters, quarantine, windows, breaches.
 * A breach and the sum that proves it commit together. Errors of the connection go to the caller; nothing is half written.
 */
export async function writeBatch(pool: Pool, batch: LedgerBatch): Promise<Written> {
  try {
    return await inRetriedTransaction(pool, (connection) => writeIn(connection, batch));
  } catch (error) {
    if (error instanceof LostClaim) return { state: 'lost', nextOffset: error.nextOffset, epoch: error.epoch };
    throw error;
  }
}

async function writeIn(connection: Connection, batch: LedgerBatch): Promise<Written> {
  const claimed = await claimOffset(connection, batch.claim);
  if (!claimed.claimed) throw new LostClaim(claimed.nextOffset, claimed.epoch);
  const duplicates = await insertEvents(connection, batch.events);
  const sums = batch.sum((eventId) => !duplicates.has(eventId));
  await addToCube(connection, 'usage_minute', sums.minutes);
  await addToCube(connection, 'usage_quarter_hour', sums.quarterHours);
  await addToEmitters(connection, sums.emitters);
  await insertQuarantine(connection, batch.quarantined);
  const crossed = await addToWindows(connection, batch.policyVersionId, sums.windows);
  return { state: 'written', fresh: batch.events.length - duplicates.size, duplicates: duplicates.size, ...crossed };
}

/** Inserts the rows that are new and returns the ids of those that are not. */
async function insertEvents(connection: Connection, events: readonly EventRow[]): Promise<Set<string>> {
  if (events.length === 0) return new Set();
  const { rows } = await connection.query<{ event_id: string }>({
    name: 'insert-events',
    text: `with given as materialized (select * from ${eventRows.from()}),
                made as (
                  insert into usage_event (${eventRows.columns}) select ${eventRows.columns} from given
                  on conflict (event_id) do nothing returning event_id
                )
           select event_id from given where event_id not in (select event_id from made)`,
    values: eventRows.parameters(events),
  });
  return new Set(rows.map((row) => row.event_id));
}

const counters = [
  'requests',
  'errors',
  'input_tokens',
  'output_tokens',
  'cache_read_tokens',
  'cache_write_5m_tokens',
  'cache_write_1h_tokens',
  'web_searches',
  'cost_firm_usd',
  'cost_estimated_usd',
  'cost_provisional_usd',
];

async function addToCube(
  connection: Connection,
  cube: 'usage_minute' | 'usage_quarter_hour',
  rows: readonly CubeRow[],
): Promise<void> {
  if (rows.length === 0) return;
  await connection.query({
    name: `add-to-${cube}`,
    text: `insert into ${cube} as cell (${cubeRows.columns}) select ${cubeRows.columns} from ${cubeRows.from()}
           on conflict (bucket, dimension_id) do update
           set ${counters.map((name) => `${name} = cell.${name} + excluded.${name}`).join(', ')}`,
    values: cubeRows.parameters(rows),
  });
}

async function addToEmitters(connection: Connection, rows: readonly EmitterRow[]): Promise<void> {
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

async function insertQuarantine(connection: Connection, rows: readonly QuarantineRow[]): Promise<void> {
  if (rows.length === 0) return;
  await connection.query(
    `insert into quarantine (${quarantineRows.columns}) select ${quarantineRows.columns} from ${quarantineRows.from()}
     on conflict (topic, partition, kafka_offset) do nothing`,
    quarantineRows.parameters(rows),
  );
}
