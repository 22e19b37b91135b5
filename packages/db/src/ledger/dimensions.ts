import type { Queryable } from '../pool.ts';
import { rowSet } from '../unnest.ts';

/** What sums can be broken down by. '' stands for unknown or none. */
export type Dimension = {
  key_ref: number;
  role: string;
  workspace_id: string;
  service: string;
  principal: string;
  model: string;
  price_row: string;
  usage_basis: 'reported' | 'estimated' | 'unknown';
};

const given = rowSet<Dimension>({
  key_ref: 'int',
  role: 'text',
  workspace_id: 'text',
  service: 'text',
  principal: 'text',
  model: 'text',
  price_row: 'text',
  usage_basis: 'usage_basis',
});

/** One text per dimension, to look it up by. */
export function dimensionName(dimension: Dimension): string {
  const { key_ref, role, workspace_id, service, principal, model, price_row, usage_basis } = dimension;
  return [key_ref, role, workspace_id, service, principal, model, price_row, usage_basis].join('\u001f');
}

/** The id of each dimension, by its name; new ones are made. In a short transaction of its own, before the batch. */
export async function ensureDimensions(db: Queryable, dimensions: readonly Dimension[]): Promise<Map<string, number>> {
  const sorted = dimensions
    .map((dimension) => ({ dimension, name: dimensionName(dimension) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ dimension }) => dimension);
  const { rows } = await db.query<Dimension & { dimension_id: number }>(
    `with given as (select * from ${given.from()}), made as (
       insert into dimension (${given.columns})
       select ${given.columns} from given
       where not exists (select 1 from dimension known where (${given.columns
         .split(', ')
         .map((column) => `known.${column}`)
         .join(', ')}) = (${given.columns
         .split(', ')
         .map((column) => `given.${column}`)
         .join(', ')}))
       on conflict (${given.columns}) do update set role = excluded.role
       returning dimension_id, ${given.columns}
     )
     select dimension_id, ${given.columns} from made
     union
     select known.dimension_id, ${given.columns} from dimension known join given using (${given.columns})`,
    given.parameters(sorted),
  );
  return new Map(rows.map((row) => [dimensionName(row), row.dimension_id]));
}
