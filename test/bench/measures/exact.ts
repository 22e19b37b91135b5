import { isDeepStrictEqual } from 'node:util';
import type { Pool } from '@bursar/db/pool';
import { ledgerSums, picoUsd } from '../../harness/ledger.ts';
import type { Oracle } from '../../harness/traffic.ts';

/** Whether rows, both cubes and the limit windows in USD all say what the generator knows, to the last digit. */
export async function isExact(db: Pool, oracle: Oracle): Promise<boolean> {
  const sums = Object.values(await ledgerSums(db));
  const { rows: windows } = await db.query<{ measure: number; total: string }>(
    `select measure_id as measure, sum(total) as total from limit_window join measure using (measure_id)
      where metric = 'cost' group by measure_id`,
  );
  return (
    windows.length === 3 &&
    windows.every(({ total }) => picoUsd(total) === oracle.costPicoUsd) &&
    sums.every((sum) => isDeepStrictEqual(sum, oracle))
  );
}
