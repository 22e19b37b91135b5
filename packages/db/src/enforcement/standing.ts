import type { Queryable } from '../pool.ts';
import type { HoldCause } from './hold.ts';

/** What the guards of a key must know next. */
export type UnpublishedStanding = {
  apiKeyId: string;
  sha256: string;
  wanted: 'active' | 'inactive';
  generation: string;
  changedAt: Date;
  cause: HoldCause | null;
  /** When every hold ends by itself; null when one of them does not. */
  until: Date | null;
};

/** The decisions that no guard was told of yet, oldest first. A key that no metered key is bound to has no guard. */
export async function unpublishedStandings(db: Queryable, limit: number): Promise<UnpublishedStanding[]> {
  const { rows } = await db.query<UnpublishedStanding>(
    `select k.api_key_id as "apiKeyId", encode(i.sha256, 'hex') as sha256, k.wanted, k.generation, k.changed_at as "changedAt",
            h.cause, h.until
       from key_control k
       join key_binding b on b.api_key_id = k.api_key_id and b.unbound_at is null
       join key_identity i on i.key_ref = b.key_ref
       left join lateral (
         select (array_agg(cause order by hold_id))[1] as cause,
                case when bool_and(resume_at is not null) then max(resume_at) end as until
           from hold where hold.api_key_id = k.api_key_id and state = 'in_force') h on true
      where k.generation > k.published_generation
      order by k.changed_at
      limit $1`,
    [limit],
  );
  return rows;
}

export async function markPublished(db: Queryable, apiKeyId: string, generation: string): Promise<void> {
  await db.query(
    'update key_control set published_generation = $2 where api_key_id = $1 and published_generation < $2',
    [apiKeyId, generation],
  );
}
