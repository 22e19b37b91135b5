import type { Queryable } from '../pool.ts';

/** The instants of one hold, from the breach to the read-back, and of the act that brought the key back. */
export type HoldTimeline = {
  cause: string;
  rule: string;
  state: string;
  crossedAt: Date;
  requestedAt: Date | null;
  verifiedAt: Date | null;
  releasedAt: Date | null;
  backVerifiedAt: Date | null;
};

/** The newest hold of a cause on the key of this name, or undefined. */
export async function newestHold(db: Queryable, keyName: string, cause: string): Promise<HoldTimeline | undefined> {
  const { rows } = await db.query<HoldTimeline>(
    `select h.cause, h.rule, h.state, coalesce(b.recorded_at, h.proposed_at) as "crossedAt",
            off.requested_at as "requestedAt", off.verified_at as "verifiedAt",
            h.ended_at as "releasedAt", back.verified_at as "backVerifiedAt"
       from api_key k
       join hold h using (api_key_id)
       left join breach b using (breach_id)
       left join lateral (
         select requested_at, verified_at from act
          where act.api_key_id = h.api_key_id and h.hold_id = any (act.hold_ids) and act.wanted = 'inactive'
            and act.verified_at is not null
          order by act_id limit 1) off on true
       left join lateral (
         select verified_at from act
          where act.api_key_id = h.api_key_id and act.wanted = 'active' and act.requested_at >= h.ended_at
            and act.verified_at is not null
          order by act_id limit 1) back on true
      where k.name = $1 and h.cause = $2
      order by h.hold_id desc limit 1`,
    [keyName, cause],
  );
  return rows[0];
}

/** When a warning of a rule was recorded, or undefined. */
export async function warnedAt(
  db: Queryable,
  cause: string,
  rule: string,
  percent?: number,
): Promise<Date | undefined> {
  const { rows } = await db.query<{ recorded_at: Date }>(
    `select recorded_at from breach
      where cause = $1 and rule = $2 and kind = 'warning' and ($3::int is null or percent = $3) order by breach_id limit 1`,
    [cause, rule, percent ?? null],
  );
  return rows[0]?.recorded_at;
}
