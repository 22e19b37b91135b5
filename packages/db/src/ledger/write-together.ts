import type { Pool } from '../pool.ts';
import { inRetriedTransaction } from '../transaction.ts';
import { BATCH_OPENING } from './claim-offset.ts';
import { DuplicateEvent } from './events.ts';
import { type LedgerBatch, LostClaim, type Written, writeIn } from './write-batch.ts';
import { isPartitionMissing } from './write-on-demand.ts';

/**
 * Writes batches of different partitions, prepared under one configuration, in one transaction. Undefined, with nothing written, when one
 * can't be written as it is: somebody else has counted, an event is stored already, or a day has no table yet.
 */
export async function writeTogether(pool: Pool, batches: readonly LedgerBatch[]): Promise<Written[] | undefined> {
  try {
    return await inRetriedTransaction(pool, (connection) => writeIn(connection, batches), { opening: BATCH_OPENING });
  } catch (error) {
    if (error instanceof LostClaim || error instanceof DuplicateEvent || isPartitionMissing(error)) return undefined;
    throw error;
  }
}
