import type { Queryable } from '../pool.ts';

export type HoldRow = {
  holdId: string;
  key: string;
  apiKeyId: string;
  cause: string;
  rule: string;
  state: string;
  sentence: string;
  proposedAt: Date;
  approvedAt: Date | null;
  inForceAt: Date | null;
  resumeAt: Date | null;
  endedAt: Date | null;
  endedBecause: string | null;
};

/** Reasons why keys are or may be switched off: the open ones, of one key if given, with the ended ones if asked. */
export async function listHolds(db: Queryable, only: { apiKeyId?: string; ended?: boolean } = {}): Promise<HoldRow[]> {
  const { rows } = await db.query<HoldRow>(
    `select h.hold_id as "holdId", coalesce(ak.name, h.api_key_id) as key, h.api_key_id as "apiKeyId", h.cause, h.rule,
            h.state, h.sentence, h.proposed_at as "proposedAt", h.approved_at as "approvedAt",
            h.in_force_at as "inForceAt", h.resume_at as "resumeAt", h.ended_at as "endedAt",
            h.ended_because as "endedBecause"
       from hold h left join api_key ak using (api_key_id)
      where ($1::text is null or h.api_key_id = $1) and ($2 or h.ended_at is null)
      order by h.hold_id desc limit 1000`,
    [only.apiKeyId ?? null, only.ended ?? false],
  );
  return rows;
}
