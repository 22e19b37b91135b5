import type { Queryable } from '../pool.ts';
import { rowSet } from '../unnest.ts';

export type Hole = { emitterId: string; boot: string; quarter: Date; missing: number };
/** `since`: when a look first found it, by the database's clock. */
export type KnownHole = Hole & { since: Date };

const holeRows = rowSet<{ emitter_id: string; boot: string; quarter: Date; missing: number }>({
  emitter_id: 'text',
  boot: 'uuid',
  quarter: 'timestamptz',
  missing: 'bigint',
});

/** Makes the known holes exactly these, and returns them with their age. */
export async function setHoles(db: Queryable, holes: readonly Hole[]): Promise<KnownHole[]> {
  const rows = holes.map(({ emitterId, ...hole }) => ({ emitter_id: emitterId, ...hole }));
  const { columns, from, parameters } = holeRows;
  await db.query(
    `delete from emitter_hole
      where (emitter_id, boot, quarter) not in (select emitter_id, boot, quarter from ${from()} where missing > 0)`,
    parameters(rows),
  );
  const known = await db.query<Omit<KnownHole, 'missing'> & { missing: string }>(
    `insert into emitter_hole (${columns}) select ${columns} from ${from()} order by emitter_id, boot, quarter
     on conflict (emitter_id, boot, quarter) do update set missing = excluded.missing
     returning emitter_id as "emitterId", boot, quarter, missing, since`,
    parameters(rows),
  );
  return known.rows.map((row) => ({ ...row, missing: Number(row.missing) }));
}
