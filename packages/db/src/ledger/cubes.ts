import type { Connection } from '../pool.ts';
import { type CubeRow, cubeRows } from './rows.ts';

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

/** Adds to the cells of a cube; rows are sorted by bucket and dimension. */
export async function addToCube(
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
