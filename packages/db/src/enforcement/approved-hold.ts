import type { Queryable } from '../pool.ts';
import type { HoldCause } from './hold.ts';

/** Who is next: a key with approved holds that nobody works at. */
export type ApprovedKey = { apiKeyId: string; name: string | null; alreadyOff: boolean; backlog: boolean };

/**
 * The key whose hold was approved first. A key that another hold keeps off needs no call, so it is never held up:
 * with `onlyAlreadyOff` it is all there is, and `backlogBefore` (holds approved earlier must wait) does not concern it.
 */
export async function nextApprovedKey(
  db: Queryable,
  options: { onlyAlreadyOff: boolean; backlogBefore: Date | null; backlogMayAct: boolean },
): Promise<ApprovedKey | undefined> {
  const { rows } = await db.query<ApprovedKey>(
    `select h.api_key_id as "apiKeyId", a.name, coalesce(k.wanted = 'inactive', false) as "alreadyOff",
            coalesce(h.approved_at < $2, false) as backlog
       from hold h
       left join key_control k on k.api_key_id = h.api_key_id
       left join api_key a on a.api_key_id = h.api_key_id
      where h.state = 'approved'
        and (k.lease_until is null or k.lease_until <= clock_timestamp())
        and (k.wanted = 'inactive' or (not $1 and ($2::timestamptz is null or h.approved_at >= $2 or $3)))
      order by h.approved_at, h.hold_id
      limit 1`,
    [options.onlyAlreadyOff, options.backlogBefore, options.backlogMayAct],
  );
  return rows[0];
}

/** How many keys wait with approved holds, and how many of them since before the gate opened again. */
export async function countWaiting(
  db: Queryable,
  backlogBefore: Date | null,
): Promise<{ keys: number; backlog: number }> {
  const { rows } = await db.query<{ keys: number; backlog: number }>(
    `select count(distinct h.api_key_id)::integer as keys,
            (count(distinct h.api_key_id) filter (where h.approved_at < $1))::integer as backlog
       from hold h
       left join key_control k on k.api_key_id = h.api_key_id
      where h.state = 'approved' and k.wanted is distinct from 'inactive'`,
    [backlogBefore],
  );
  return rows[0] ?? { keys: 0, backlog: 0 };
}

/** An approved hold, locked, with everything that must still be true before its key is switched off. */
export type ApprovedHold = {
  holdId: string;
  cause: HoldCause;
  rule: string;
  sentence: string;
  windowEnd: Date;
  windowOpen: boolean;
  /** What was metered under the key when the hold was proposed, and what is bound to it now. */
  boundThen: number | null;
  boundNow: number | null;
  basisNow: 'configured' | 'unique_hint' | 'person' | null;
  keyName: string | null;
  workspaceName: string | null;
  keyStatus: 'active' | 'inactive' | 'archived' | 'expired' | null;
  keyCreatedAt: Date | null;
  keyGone: boolean;
  /** null when the active policy has no limit of that name */
  limitOnBreach: 'alert' | 'suspend' | null;
  /** The sums of the active limit over the hold's window reach its amount without provisional cost. */
  limitReached: boolean;
  breachRecordedAt: Date | null;
};

/** Locks the approved holds of one key; the caller has locked the gate and the key's control row. */
export async function approvedHolds(db: Queryable, apiKeyId: string): Promise<ApprovedHold[]> {
  const { rows } = await db.query<ApprovedHold>(
    `select h.hold_id as "holdId", h.cause, h.rule, h.sentence, h.window_end as "windowEnd",
            -- A rate's window is the minute in which it was seen: too short to get through the door in.
            h.window_end + case when m.period = 'sliding_minute' then interval '1 minute' else interval '0' end
              > clock_timestamp() as "windowOpen",
            (h.evidence #>> '{binding,keyRef}')::integer as "boundThen", b.key_ref as "boundNow", b.basis as "basisNow",
            a.name as "keyName", w.name as "workspaceName", a.status as "keyStatus", a.created_at as "keyCreatedAt",
            a.gone_at is not null as "keyGone", r.on_breach as "limitOnBreach",
            coalesce(case when m.period = 'sliding_minute' then br.total - br.provisional > r.amount
                          else l.total - l.provisional >= r.amount end, false) as "limitReached",
            br.recorded_at as "breachRecordedAt"
       from hold h
      cross join configuration_epoch e
       left join breach br on br.breach_id = h.breach_id
       left join limit_rule r on h.cause = 'limit' and r.policy_version_id = e.policy_version_id and r.name = h.rule
       left join measure m on m.measure_id = r.measure_id
       left join limit_window l
              on l.measure_id = r.measure_id and l.subject = h.subject and l.window_start = h.window_start
       left join key_binding b on b.api_key_id = h.api_key_id and b.unbound_at is null
       left join api_key a on a.api_key_id = h.api_key_id
       left join workspace w on w.workspace_id = a.workspace_id
      where h.api_key_id = $1 and h.state = 'approved'
      order by h.hold_id
        for update of h`,
    [apiKeyId],
  );
  return rows;
}
