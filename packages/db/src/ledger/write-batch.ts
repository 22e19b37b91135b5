import type { Connection, Pool } from '../pool.ts';
import { inRetriedTransaction } from '../transaction.ts';
import { BATCH_OPENING, claimOffset, claimOffsets, type OffsetClaim } from './claim-offset.ts';
import { recordCorrections } from './corrections.ts';
import { copyEvents, DuplicateEvent, insertEvents } from './events.ts';
import { insertQuarantine } from './quarantine.ts';
import type { EventRow, QuarantineRow } from './rows.ts';
import { addSums, type Sums } from './sums.ts';
import { addToWindows } from './windows.ts';

export type LedgerBatch = {
  claim: OffsetClaim;
  policyVersionId: number | undefined;
  /** Quarter hours that begin earlier belong to closed days: what the batch adds there leaves a correction. */
  closedBefore: Date;
  /** Sorted by event id, no id twice. */
  events: readonly EventRow[];
  /** copy begins again with insert when an event is stored already; fitting is copy, but for a few rows, which go in faster by insert. */
  rowForm: 'copy' | 'insert' | 'fitting';
  quarantined: readonly QuarantineRow[];
  /**
   * Adds up the events that are new; the others are duplicates. `isNewlyQuarantined` tells of a record, by its offset, whether it
   * counts as quarantined now. Pure: it may be called more than once.
   */
  sum(isFresh: (eventId: string) => boolean, isNewlyQuarantined: (kafkaOffset: string) => boolean): Sums;
};

/** So many rows go in faster by insert than by COPY. */
const FEW_EVENTS = 50;

export type Written =
  | { state: 'written'; fresh: number; duplicates: number; breaches: number; lateCrossings: number }
  | { state: 'lost'; nextOffset: bigint; epoch: bigint };

/**
 * Writes a batch in one transaction, in the order that every writer of these tables keeps:
 * offset, rows, quarantine, cubes and emitters, corrections, windows, breaches.
 * A breach and the sum that proves it commit together. Errors of the connection go to the caller; nothing is half written.
 */
export async function writeBatch(pool: Pool, batch: LedgerBatch): Promise<Written> {
  try {
    const [written] = await inRetriedTransaction(pool, (connection) => writeIn(connection, [batch]), {
      opening: BATCH_OPENING,
    });
    return written!;
  } catch (error) {
    if (error instanceof DuplicateEvent) return writeBatch(pool, { ...batch, rowForm: 'insert' });
    if (error instanceof LostClaim) return { state: 'lost', nextOffset: error.nextOffset, epoch: error.epoch };
    throw error;
  }
}

/** One that is lost makes the transaction undone: of a single batch it is known where the ledger stands. */
export class LostClaim extends Error {
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
 * Writes batches of different partitions, prepared under one configuration.
 * Throws LostClaim or DuplicateEvent. What is crossed is told with the first of them: their sums are one.
 */
export async function writeIn(connection: Connection, batches: readonly LedgerBatch[]): Promise<Written[]> {
  await claim(connection, batches);
  const duplicates = await addEvents(connection, batches);
  const sums: Sums[] = [];
  // Quarantine locks nothing but what it inserts, and the sums need to know what it found.
  for (const batch of batches) sums.push(await sumsOf(connection, batch, duplicates));
  const all = together(sums);
  const isGrouped = batches.length > 1;
  await addSums(connection, all, isGrouped);
  for (const [index, { claim, closedBefore }] of batches.entries())
    await recordCorrections(connection, { ...claim, closedBefore }, sums[index]!.quarterHours);
  const crossed = await addToWindows(connection, batches[0]!.policyVersionId, all.windows, isGrouped);
  return batches.map(({ events }, index) => {
    const stored = duplicates.size === 0 ? 0 : events.filter(({ event_id }) => duplicates.has(event_id)).length;
    const told = index === 0 ? crossed : { breaches: 0, lateCrossings: 0 };
    return { state: 'written', fresh: events.length - stored, duplicates: stored, ...told };
  });
}

async function claim(connection: Connection, batches: readonly LedgerBatch[]): Promise<void> {
  const claims = batches.map((batch) => batch.claim);
  if (claims.length > 1) {
    if (!(await claimOffsets(connection, claims))) throw new LostClaim(-1n, -1n);
    return;
  }
  const claimed = await claimOffset(connection, claims[0]!);
  if (!claimed.claimed) throw new LostClaim(claimed.nextOffset, claimed.epoch);
}

async function sumsOf(connection: Connection, batch: LedgerBatch, duplicates: ReadonlySet<string>): Promise<Sums> {
  const newlyQuarantined = await insertQuarantine(connection, batch.quarantined);
  return batch.sum(
    (eventId) => !duplicates.has(eventId),
    (kafkaOffset) => newlyQuarantined.has(kafkaOffset),
  );
}

function together(sums: readonly Sums[]): Sums {
  if (sums.length === 1) return sums[0]!;
  return {
    minutes: sums.flatMap(({ minutes }) => minutes),
    quarterHours: sums.flatMap(({ quarterHours }) => quarterHours),
    emitters: sums.flatMap(({ emitters }) => emitters),
    emitterQuarters: sums.flatMap(({ emitterQuarters }) => emitterQuarters),
    windows: sums.flatMap(({ windows }) => windows),
  };
}

/**
 * Returns the ids of the events that were stored before. An insert is one round trip where COPY is two, and it takes duplicates;
 * but of several batches no event may come twice.
 */
async function addEvents(connection: Connection, batches: readonly LedgerBatch[]): Promise<ReadonlySet<string>> {
  const [first] = batches as [LedgerBatch, ...LedgerBatch[]];
  const events = batches.length === 1 ? first.events : batches.flatMap((batch) => batch.events);
  const forms = new Set(batches.map(({ rowForm }) => rowForm));
  if (!forms.has('insert') && (forms.has('copy') || events.length > FEW_EVENTS)) {
    await copyEvents(connection, events);
    return new Set();
  }
  // COPY refuses an event that comes twice; an insert would take it once and call neither a duplicate.
  const isUnique = batches.length === 1 || new Set(events.map(({ event_id }) => event_id)).size === events.length;
  if (!isUnique) throw new DuplicateEvent('an event came on two partitions');
  return insertEvents(connection, events);
}
