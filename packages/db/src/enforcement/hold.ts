import type { Queryable } from '../pool.ts';

export type HoldCause = 'limit' | 'rotation' | 'compromise' | 'departure' | 'unmetered' | 'manual';
export type HoldEnd = 'released' | 'overridden' | 'rejected' | 'superseded';

export type NewHold = {
  cause: HoldCause;
  rule: string;
  subject: string;
  apiKeyId: string;
  windowStart: Date;
  windowEnd: Date;
  generation: number;
  breachId: string;
  sentence: string;
  evidence: Record<string, unknown>;
};

/**
 * Proposes a hold. One that is still only proposed for the same reason takes the newer evidence;
 * undefined when the same reason was decided about before.
 */
export async function proposeHold(db: Queryable, hold: NewHold): Promise<string | undefined> {
  const { rows } = await db.query<{ hold_id: string }>(
    `insert into hold (cause, rule, subject, api_key_id, window_start, window_end, generation, state, breach_id, sentence, evidence)
     values ($1, $2, $3, $4, $5, $6, $7, 'proposed', $8, $9, $10)
     on conflict (cause, rule, subject, api_key_id, window_start, generation)
     do update set breach_id = excluded.breach_id, sentence = excluded.sentence, evidence = excluded.evidence
      where hold.state = 'proposed'
     returning hold_id`,
    [
      hold.cause,
      hold.rule,
      hold.subject,
      hold.apiKeyId,
      hold.windowStart,
      hold.windowEnd,
      hold.generation,
      hold.breachId,
      hold.sentence,
      hold.evidence,
    ],
  );
  return rows[0]?.hold_id;
}

/**
 * Whether a hold for the same rule on the same key, of whatever window, was decided or proposed in the last hour, or
 * was overridden in it: a key that somebody else switched on is not fought.
 */
export async function heldLately(
  db: Queryable,
  hold: Pick<NewHold, 'cause' | 'rule' | 'subject' | 'apiKeyId'>,
): Promise<boolean> {
  const { rows } = await db.query<{ found: boolean }>(
    `select exists (
       select from hold
        where cause = $1 and rule = $2 and subject = $3 and api_key_id = $4
          and case when state in ('proposed', 'approved', 'in_force') then proposed_at
                   when state = 'overridden' then ended_at end > clock_timestamp() - interval '1 hour') as found`,
    [hold.cause, hold.rule, hold.subject, hold.apiKeyId],
  );
  return rows[0]?.found === true;
}

export async function approveHold(db: Queryable, holdId: string): Promise<void> {
  await db.query(`update hold set state = 'approved', approved_at = clock_timestamp() where hold_id = $1`, [holdId]);
}

/**
 * Puts approved holds in force. By the active policy a hold ends by itself with its window, or some time after now;
 * a rotation hold never ends by time alone.
 */
export async function putInForce(db: Queryable, holdIds: readonly string[]): Promise<void> {
  await db.query(
    `update hold h
        set state = 'in_force', in_force_at = clock_timestamp(),
            resume_at = (select case r.resume_kind when 'next_period' then h.window_end
                                                   when 'after' then clock_timestamp() + r.resume_after end
                           from configuration_epoch e
                           join limit_rule r on r.policy_version_id = e.policy_version_id and r.name = h.rule
                          where h.cause = 'limit')
      where h.hold_id = any ($1::bigint[])`,
    [holdIds],
  );
}

export async function endHold(db: Queryable, holdId: string, state: HoldEnd, because: string): Promise<void> {
  await db.query('update hold set state = $2, ended_at = clock_timestamp(), ended_because = $3 where hold_id = $1', [
    holdId,
    state,
    because,
  ]);
}

export type HoldInForce = { holdId: string; cause: HoldCause; sentence: string; resumeAt: Date | null };

/** The holds that keep a key off, oldest first. With the key's control row locked nobody can change them. */
export async function holdsInForce(db: Queryable, apiKeyId: string): Promise<HoldInForce[]> {
  const { rows } = await db.query<HoldInForce>(
    `select hold_id as "holdId", cause, sentence, resume_at as "resumeAt"
       from hold where api_key_id = $1 and state = 'in_force' order by hold_id`,
    [apiKeyId],
  );
  return rows;
}
