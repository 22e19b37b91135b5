import type { Queryable } from '../pool.ts';

export type ActRow = {
  actId: string;
  cause: string;
  wanted: 'active' | 'inactive';
  requestedAt: Date;
  answeredAt: Date | null;
  httpStatus: number | null;
  requestId: string | null;
  errorMessage: string | null;
  readBackStatus: string | null;
  verifiedAt: Date | null;
  outcome: string;
};

/** Every attempt to switch this key at the Admin API, oldest first. */
export async function listActsOfKey(db: Queryable, apiKeyId: string): Promise<ActRow[]> {
  const { rows } = await db.query<ActRow>(
    `select act_id as "actId", cause, wanted, requested_at as "requestedAt", answered_at as "answeredAt",
            http_status as "httpStatus", request_id as "requestId", error_message as "errorMessage",
            read_back_status as "readBackStatus", verified_at as "verifiedAt", outcome
       from act where api_key_id = $1 order by act_id`,
    [apiKeyId],
  );
  return rows;
}
