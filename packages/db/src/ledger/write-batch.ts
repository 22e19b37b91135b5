import type { Connection, Pool } from '../pool.ts';
import { inRetriedTransaction } from '../transaction.ts';
import { claimOffset, type OffsetClaim } from './claim-offset.ts';
import { recordCorrections } from './corrections.ts';
import { addToCube } from './cubes.ts';
import { addToEmitterQuarters, addToEmitters } from './emitters.ts';
import { copyEvents, DuplicateEvent, insertEvents } from './events.ts';
import { insertQuarantine } from './quarantine.ts';
import type { CubeRow, EmitterQuarterRow, EmitterRow, EventRow, QuarantineRow, WindowRow } from './rows.ts';
import { addToWindows } from './windows.ts';

/** What a set of events adds up to. Every list is sorted by its table's key, so that lanes never deadlock. */
export type Sums = {
  minutes: readonly CubeRow[];
  quarterHours: readonly CubeRow[];
  emitters: readonly EmitterRow[];
  emitterQuarters: readonly EmitterQuarterRow[];
  windows: readonly WindowRow[];
};

export type LedgerBatch = {
  claim: OffsetClaim;
  policyVersionId: number | undefined;
  /** Quarter hours that begin earlier belong to closed days: what the batch adds there leaves a correction. */
  closedBefore: Date;
  /** Sorted by event id, no id twice. */
  events: readonly EventRow[];
  /** copy is faster and begins again with insert when an event is stored already. */
  rowForm: 'copy' | 'insert';
  quarantined: readonly QuarantineRow[];
  /**
   * Adds up the events that are new; the others are duplicates. `isNewlyQuarantined` tells of a record, by its offset, whether it
   * counts as quarantined now. Pure: it may be called more than once.
   */
  sum(isFresh: (eventId: string) => boolean, isNewlyQuarantined: (kafkaOffset: string) => boolean): Sums;
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
 * offset, rows, minute cube, quarter-hour cube, corrections, quarantine, emitters, windows, breaches.
 * A breach and the sum that proves it commit together. Errors of the connection go to the caller; nothing is half written.
 */
export async function writeBatch(pool: Pool, batch: LedgerBatch): Promise<Written> {
  try {
    return await inRetriedTransaction(pool, (connection) => writeIn(connection, batch));
  } catch (error) {
    if (error instanceof DuplicateEvent) return writeBatch(pool, { ...batch, rowForm: 'insert' });
    if (error instanceof LostClaim) return { state: 'lost', nextOffset: error.nextOffset, epoch: error.epoch };
    throw error;
  }
}

async function writeIn(connection: Connection, batch: LedgerBatch): Promise<Written> {
  const claimed = await claimOffset(connection, batch.claim);
  if (!claimed.claimed) throw new LostClaim(claimed.nextOffset, claimed.epoch);
  const duplicates = await addEvents(connection, batch);
  // Locks nothing but what it inserts, and the sums need to know what it found.
  const newlyQuarantined = await insertQuarantine(connection, batch.quarantined);
  const sums = batch.sum(
    (eventId) => !duplicates.has(eventId),
    (kafkaOffset) => newlyQuarantined.has(kafkaOffset),
  );
  await addToCube(connection, 'usage_minute', sums.minutes);
  await addToCube(connection, 'usage_quarter_hour', sums.quarterHours);
  await recordCorrections(connection, { ...batch.claim, closedBefore: batch.closedBefore }, sums.quarterHours);
  await addToEmitters(connection, sums.emitters);
  await addToEmitterQuarters(connection, sums.emitterQuarters);
  const crossed = await addToWindows(connection, batch.policyVersionId, sums.windows);
  return { state: 'written', fresh: batch.events.length - duplicates.size, duplicates: duplicates.size, ...crossed };
}

/** Returns the ids of the events that were stored before. */
async function addEvents(connection: Connection, { rowForm, events }: LedgerBatch): Promise<ReadonlySet<string>> {
  if (rowForm === 'insert') return insertEvents(connection, events);
  await copyEvents(connection, events);
  return new Set();
}
