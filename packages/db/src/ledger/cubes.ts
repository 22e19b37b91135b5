import { cubeRows } from './rows.ts';

const counters = cubeRows.columns.split(', ').filter((name) => !['bucket', 'dimension_id'].includes(name));

/**
 * The statement that adds rows to the cells of a cube, its first parameter being `$first`; rows are sorted by bucket and dimension. Grouped where a
 * cell may come more than once.
 */
export function cubeInsert(cube: 'usage_minute' | 'usage_quarter_hour', first: number, isGrouped: boolean): string {
  return `insert into ${cube} as cell (${cubeRows.columns}) ${isGrouped ? grouped(first) : `select ${cubeRows.columns} from ${cubeRows.from(first)}`}
          on conflict (bucket, dimension_id) do update
          set ${counters.map((name) => `${name} = cell.${name} + excluded.${name}`).join(', ')}`;
}

function grouped(first: number): string {
  return `select bucket, dimension_id, ${counters.map((name) => `sum(${name})`).join(', ')}
            from ${cubeRows.from(first)} group by bucket, dimension_id order by bucket, dimension_id`;
}
