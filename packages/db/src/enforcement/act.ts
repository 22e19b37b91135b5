import type { Queryable } from '../pool.ts';
import type { HoldCause } from './hold.ts';
import type { Wanted } from './key-control.ts';

export type NewAct = {
  apiKeyId: string;
  cause: HoldCause;
  holdIds: readonly string[];
  wanted: Wanted;
  generation: string;
};

/** Writes down an attempt before it is made. Attempts before it that have no answer will never get one. */
export async function insertAct(db: Queryable, act: NewAct): Promise<string> {
  await db.query(
    `update act set outcome = 'unverified', error_message = 'the process ended before an answer was recorded'
      where api_key_id = $1 and outcome = 'requested'`,
    [act.apiKeyId],
  );
  const { rows } = await db.query<{ act_id: string }>(
    `insert into act (api_key_id, cause, hold_ids, wanted, generation) values ($1, $2, $3, $4, $5) returning act_id`,
    [act.apiKeyId, act.cause, act.holdIds, act.wanted, act.generation],
  );
  return rows[0]!.act_id;
}

export type ActAnswer = {
  outcome: 'answered' | 'verified' | 'unverified' | 'failed';
  httpStatus: number | null;
  requestId: string | null;
  errorType: string | null;
  errorMessage: string | null;
  readBackStatus: string | null;
};

export async function recordAnswer(db: Queryable, actId: string, answer: ActAnswer): Promise<void> {
  await db.query(
    `update act
        set outcome = $2, answered_at = clock_timestamp(), http_status = $3, request_id = $4, error_type = $5,
            error_message = $6, read_back_status = $7, verified_at = case when $2 = 'verified' then clock_timestamp() end
      where act_id = $1`,
    [
      actId,
      answer.outcome,
      answer.httpStatus,
      answer.requestId,
      answer.errorType,
      answer.errorMessage,
      answer.readBackStatus,
    ],
  );
}

/** The cause and holds of the last attempt at a key: what a resume undoes. */
export async function lastAct(
  db: Queryable,
  apiKeyId: string,
): Promise<{ cause: HoldCause; holdIds: string[] } | undefined> {
  const { rows } = await db.query<{ cause: HoldCause; holdIds: string[] }>(
    `select cause, hold_ids as "holdIds" from act where api_key_id = $1 order by act_id desc limit 1`,
    [apiKeyId],
  );
  return rows[0];
}
