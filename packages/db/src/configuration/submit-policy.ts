import type { Queryable } from '../pool.ts';

export type Submission = { contentHash: string; source: string; policyJson: unknown; reason: string };

/**
 * Stores a policy as an immutable version and asks the aggregator to activate it.
 * Returns the version; `policyActivation` tells what became of it.
 */
export async function submitPolicy(db: Queryable, submission: Submission): Promise<number> {
  const { rows } = await db.query<{ policy_version_id: number }>(
    `insert into policy_version (content_hash, source, policy, reason) values ($1, $2, $3, $4) returning policy_version_id`,
    [submission.contentHash, submission.source, JSON.stringify(submission.policyJson), submission.reason],
  );
  await db.query(`select pg_notify('bursar_configuration', '')`);
  return rows[0]!.policy_version_id;
}

export type Activation = { state: 'waiting' } | { state: 'active'; at: Date } | { state: 'refused'; because: string };

/** What became of a submitted policy version. */
export async function policyActivation(db: Queryable, versionId: number): Promise<Activation> {
  const { rows } = await db.query<{ activated_at: Date | null; refused_because: string | null }>(
    `select activated_at, refused_because from policy_version where policy_version_id = $1`,
    [versionId],
  );
  const row = rows[0];
  if (row?.refused_because) return { state: 'refused', because: row.refused_because };
  return row?.activated_at ? { state: 'active', at: row.activated_at } : { state: 'waiting' };
}
