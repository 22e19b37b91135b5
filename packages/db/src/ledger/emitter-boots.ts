import type { Queryable } from '../pool.ts';

/** One run of one emitter. The boot is a UUID in lower case. */
export type EmitterBoot = { emitterId: string; boot: string };

/** One text per boot, to look its number up by. */
export function bootName({ emitterId, boot }: EmitterBoot): string {
  return `${boot}/${emitterId}`;
}

/** The number of each boot, by its name; new ones are made. In a short transaction of its own, before the batch. */
export async function ensureEmitterBoots(db: Queryable, boots: readonly EmitterBoot[]): Promise<Map<string, number>> {
  const { rows } = await db.query<EmitterBoot & { id: number }>(
    `with given as (select * from unnest($1::text[], $2::uuid[]) as given (emitter_id, boot)), made as (
       insert into emitter_boot (emitter_id, boot)
       select emitter_id, boot from given
        where not exists (select 1 from emitter_boot known where (known.emitter_id, known.boot) = (given.emitter_id, given.boot))
        order by emitter_id, boot
       on conflict (emitter_id, boot) do update set boot = excluded.boot
       returning emitter_boot_id, emitter_id, boot
     )
     select emitter_boot_id as id, emitter_id as "emitterId", boot from made
     union
     select known.emitter_boot_id, emitter_id, boot from emitter_boot known join given using (emitter_id, boot)`,
    [boots.map(({ emitterId }) => emitterId), boots.map(({ boot }) => boot)],
  );
  return new Map(rows.map((row) => [bootName(row), row.id]));
}
