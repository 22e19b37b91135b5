import type { Connection } from '../pool.ts';
import type { OffsetClaim } from './claim-offset.ts';
import { type CubeRow, cubeRows } from './rows.ts';

/** Where a day is closed: its cells may still change, but each change leaves a row. */
export type Closing = Pick<OffsetClaim, 'topic' | 'partition' | 'expectedOffset' | 'nextOffset'> & {
  /** Quarter hours that begin earlier belong to closed days. */
  closedBefore: Date;
};

/**
 * Keeps what a batch adds to cells of closed days, in the transaction that adds it: sum at close + corrections = sum now.
 * Rows are those added to usage_quarter_hour, sorted by bucket. Asks nothing of Postgres when no day is closed.
 */
export async function recordCorrections(
  connection: Connection,
  closing: Closing,
  rows: readonly CubeRow[],
): Promise<void> {
  // Sorted by bucket: in ordinary traffic the first row settles it.
  const firstOpen = rows.findIndex((row) => Date.parse(row.bucket) >= closing.closedBefore.getTime());
  const late = firstOpen === -1 ? rows : rows.slice(0, firstOpen);
  if (late.length === 0) return;
  await connection.query({
    name: 'record-corrections',
    text: `insert into cube_correction (cause, topic, partition, log, first_offset, last_offset, ${cubeRows.columns})
           select 'late_event', $1, $2, (select log from kafka_offset where topic = $1 and partition = $2), $3, $4, ${cubeRows.columns}
             from ${cubeRows.from(5)}`,
    values: [
      closing.topic,
      closing.partition,
      closing.expectedOffset.toString(),
      (closing.nextOffset - 1n).toString(),
      ...cubeRows.parameters(late),
    ],
  });
}
