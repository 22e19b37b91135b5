import type { Queryable } from '../pool.ts';

export type EndedHold = { holdId: string; apiKeyId: string; because: string };

// A key that waits to be put under another hold is left alone until it is: it must not flicker on in between.
const UNDISTURBED = `k.lease_until is null and not exists (
  select from hold o where o.api_key_id = h.api_key_id and o.state = 'approved')`;

/**
 * The limit holds in force whose reason is gone, with the reason in words; of one key when it is given.
 * A sliding rate falls as soon as the key is off, so there a lower sum says nothing: only a raised limit does.
 */
export async function endedLimitHolds(db: Queryable, apiKeyId: string | null): Promise<EndedHold[]> {
  const { rows } = await db.query<EndedHold>(
    `select * from (
       select h.hold_id as "holdId", h.api_key_id as "apiKeyId",
              case when h.resume_at <= clock_timestamp() and h.resume_at = h.window_end then 'its period has ended'
                   when h.resume_at <= clock_timestamp() then 'its time is up'
                   when r.name is null then 'the policy has no such limit any more'
                   when r.on_breach <> 'suspend' then 'the limit does not suspend any more'
                   when m.period = 'sliding_minute' and b.total - b.provisional <= r.amount
                     or m.period <> 'sliding_minute' and h.window_end > clock_timestamp()
                        and coalesce(l.total - l.provisional, 0) < r.amount
                     then 'the limit is now above what was used' end as because
         from hold h
         join key_control k on k.api_key_id = h.api_key_id
        cross join configuration_epoch e
         left join breach b on b.breach_id = h.breach_id
         left join limit_rule r on r.policy_version_id = e.policy_version_id and r.name = h.rule
         left join measure m on m.measure_id = r.measure_id
         left join limit_window l
                on l.measure_id = r.measure_id and l.subject = h.subject and l.window_start = h.window_start
        where h.state = 'in_force' and h.cause = 'limit' and ($1::text is null or h.api_key_id = $1) and ${UNDISTURBED}
        order by h.hold_id) ended
      where because is not null`,
    [apiKeyId],
  );
  return rows;
}

export type RotationHold = { holdId: string; apiKeyId: string; keyName: string | null; keyCreatedAt: Date | null };

/** The rotation holds in force with what their date is made of; of one key when it is given. */
export async function rotationHoldsInForce(db: Queryable, apiKeyId: string | null): Promise<RotationHold[]> {
  const { rows } = await db.query<RotationHold>(
    `select h.hold_id as "holdId", h.api_key_id as "apiKeyId", a.name as "keyName", a.created_at as "keyCreatedAt"
       from hold h
       join key_control k on k.api_key_id = h.api_key_id
       left join api_key a on a.api_key_id = h.api_key_id
      where h.state = 'in_force' and h.cause = 'rotation' and ($1::text is null or h.api_key_id = $1) and ${UNDISTURBED}
      order by h.hold_id`,
    [apiKeyId],
  );
  return rows;
}

/**
 * Gives up the limit holds that are only proposed and whose reason is gone: by the active policy, or because nobody
 * decided before their window, or the hour after a rate, was over. Returns them with the reason in words.
 * Cost whose price is not certain counts here: it is why some of them wait for a person.
 */
export async function supersedeFallenProposals(db: Queryable): Promise<{ holdId: string; because: string }[]> {
  const { rows } = await db.query<{ holdId: string; because: string }>(
    `update hold set state = 'superseded', ended_at = clock_timestamp(), ended_because = fallen.because
       from (
         select h.hold_id,
                case when r.name is null then 'the policy has no such limit any more'
                     when r.on_breach <> 'suspend' then 'the limit does not suspend any more'
                     when r.measure_id <> b.measure_id then 'the limit measures something else now'
                     when m.period <> 'sliding_minute' and l.total < r.amount then 'the limit is now above what was used'
                     when h.window_end <= clock_timestamp() and h.proposed_at <= clock_timestamp() - interval '1 hour'
                       then 'nobody decided before its period ended' end as because
           from hold h
          cross join configuration_epoch e
           left join breach b on b.breach_id = h.breach_id
           left join limit_rule r on r.policy_version_id = e.policy_version_id and r.name = h.rule
           left join measure m on m.measure_id = r.measure_id
           left join limit_window l
                  on l.measure_id = r.measure_id and l.subject = h.subject and l.window_start = h.window_start
          where h.state = 'proposed' and h.cause = 'limit') fallen
      where hold.hold_id = fallen.hold_id and hold.state = 'proposed' and fallen.because is not null
      returning hold.hold_id as "holdId", fallen.because`,
  );
  return rows;
}
