import type { Queryable } from '../pool.ts';

export type Wanted = 'active' | 'inactive';
export type Observed = 'unknown' | 'active' | 'inactive' | 'archived' | 'expired' | 'missing';

export type KeyControl = {
  apiKeyId: string;
  wanted: Wanted;
  generation: string;
  observed: Observed;
  attempts: number;
  /** Somebody had switched the key off before any hold of ours did. */
  foundOff: boolean;
};

const COLUMNS = 'api_key_id as "apiKeyId", wanted, generation, observed, attempts, found_off as "foundOff"';
const UNLEASED = '(lease_until is null or lease_until <= clock_timestamp())';

/** Locks the control row of a key that nobody works at, making it when it is new; undefined when somebody does. */
export async function lockKeyControl(db: Queryable, apiKeyId: string): Promise<KeyControl | undefined> {
  await db.query(
    `insert into key_control (api_key_id, wanted, generation, observed) values ($1, 'active', 0, 'unknown')
     on conflict (api_key_id) do nothing`,
    [apiKeyId],
  );
  const { rows } = await db.query<KeyControl>(
    `select ${COLUMNS} from key_control where api_key_id = $1 and ${UNLEASED} for update skip locked`,
    [apiKeyId],
  );
  return rows[0];
}

/** Locks the key whose next attempt is due: Anthropic did not confirm what is wanted, and could. */
export async function nextDueControl(db: Queryable): Promise<KeyControl | undefined> {
  const { rows } = await db.query<KeyControl>(
    `select ${COLUMNS} from key_control
      where next_attempt_at <= clock_timestamp() and ${UNLEASED} and generation > 0
        and not (wanted = 'active' and found_off)
        and observed in (case wanted when 'inactive' then 'active' else 'inactive' end, 'unknown')
      order by next_attempt_at, api_key_id
      limit 1
        for update skip locked`,
  );
  return rows[0];
}

/** Decides anew what a key should be. The caller holds its lock. Returns the new generation. */
export async function changeWanted(db: Queryable, apiKeyId: string, wanted: Wanted): Promise<string> {
  const { rows } = await db.query<{ generation: string }>(
    `update key_control
        set wanted = $2, generation = generation + 1, attempts = 0, next_attempt_at = clock_timestamp(),
            changed_at = clock_timestamp(), lease_owner = null, lease_until = null,
            found_off = found_off and $2 = 'active'
      where api_key_id = $1
      returning generation`,
    [apiKeyId, wanted],
  );
  return rows[0]!.generation;
}

/** Claims a locked key for one attempt. */
export async function leaseControl(
  db: Queryable,
  apiKeyId: string,
  lease: { owner: string; ms: number },
): Promise<number> {
  const { rows } = await db.query<{ attempts: number }>(
    `update key_control
        set lease_owner = $2, lease_until = clock_timestamp() + $3 * interval '1 millisecond', attempts = attempts + 1
      where api_key_id = $1
      returning attempts`,
    [apiKeyId, lease.owner, lease.ms],
  );
  return rows[0]!.attempts;
}

/**
 * Gives a claim back with what Anthropic said, and with the wait before the next attempt if one is needed.
 * False when the claim was lost meanwhile: somebody else has decided or is at work.
 */
export async function releaseControl(
  db: Queryable,
  claim: { apiKeyId: string; generation: string; owner: string },
  outcome: { observed: Observed | null; foundOff: boolean; retryInMs: number },
): Promise<boolean> {
  const { rowCount } = await db.query(
    `update key_control
        set observed = coalesce($4, observed), observed_at = case when $4::text is null then observed_at else clock_timestamp() end,
            found_off = found_off or $6,
            lease_owner = null, lease_until = null, next_attempt_at = clock_timestamp() + $5 * interval '1 millisecond'
      where api_key_id = $1 and generation = $2 and lease_owner = $3`,
    [claim.apiKeyId, claim.generation, claim.owner, outcome.observed, outcome.retryInMs, outcome.foundOff],
  );
  return rowCount === 1;
}

/** `generation` tells whether anything was decided about the key since. */
export type SeenOff = { apiKeyId: string; generation: string; name: string | null };

/** Keys that were seen off under a hold and were not looked at for a while, or that the inventory has seen on since. */
export async function controlsToObserve(db: Queryable, olderThanMs: number, limit: number): Promise<SeenOff[]> {
  const { rows } = await db.query<SeenOff>(
    `select k.api_key_id as "apiKeyId", k.generation, a.name
       from key_control k left join api_key a using (api_key_id)
      where k.wanted = 'inactive' and k.observed = 'inactive' and (k.lease_until is null or k.lease_until <= clock_timestamp())
        and (k.observed_at <= clock_timestamp() - $1 * interval '1 millisecond'
             or (a.status = 'active' and a.last_seen_at > k.observed_at))
      order by k.observed_at
      limit $2`,
    [olderThanMs, limit],
  );
  return rows;
}

/** Notes what Anthropic said about a key without any act of ours. The caller holds its lock. */
export async function noteObserved(db: Queryable, apiKeyId: string, observed: Observed): Promise<void> {
  await db.query('update key_control set observed = $2, observed_at = clock_timestamp() where api_key_id = $1', [
    apiKeyId,
    observed,
  ]);
}
