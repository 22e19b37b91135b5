import type { Queryable } from '../pool.ts';

export type ActivePolicy = {
  versionId: number;
  epoch: bigint;
  /** As stored by submitPolicy: the JSON form of the policy. */
  policyJson: unknown;
  contentHash: string;
  activatedAt: Date;
};

/** The policy in force, or undefined when none was ever activated. */
export async function loadActivePolicy(db: Queryable): Promise<ActivePolicy | undefined> {
  const { rows } = await db.query<{
    policy_version_id: number;
    epoch: string;
    policy: unknown;
    content_hash: string;
    activated_at: Date;
  }>(
    `select policy_version_id, epoch, policy, content_hash, activated_at
       from configuration_epoch join policy_version using (policy_version_id)`,
  );
  const row = rows[0];
  return (
    row && {
      versionId: row.policy_version_id,
      epoch: BigInt(row.epoch),
      policyJson: row.policy,
      contentHash: row.content_hash,
      activatedAt: row.activated_at,
    }
  );
}

/** The policy version in force, or null. */
export async function versionInForce(db: Queryable): Promise<number | null> {
  const { rows } = await db.query<{ policy_version_id: number | null }>(
    'select policy_version_id from configuration_epoch',
  );
  return rows[0]?.policy_version_id ?? null;
}
