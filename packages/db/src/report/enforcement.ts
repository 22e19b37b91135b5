import type { Queryable } from '../pool.ts';

export type Enforcement = {
  organization: string | null;
  paused: boolean;
  pausedBy: string | null;
  pausedAt: Date | null;
  pausedUntil: Date | null;
  pauseReason: string | null;
  breakerOpenSince: Date | null;
  breakerReason: string | null;
  /** Why the revoker only proposes even when the policy says auto; null when it would act. */
  autoRefusedBecause: string | null;
  /** null: no policy was ever activated. */
  policyVersion: number | null;
  mode: string | null;
  timezone: string | null;
  activatedAt: Date | null;
  /** The newest version that waits for the aggregator. */
  waitingVersion: number | null;
  /** The newest version, when the aggregator refused it. */
  refusedVersion: number | null;
  refusedBecause: string | null;
};

/** Whether keys may be switched off now: the gate, the breaker, and what the policy says. */
export async function loadEnforcement(db: Queryable): Promise<Enforcement> {
  const { rows } = await db.query<Enforcement>(
    `select coalesce(o.name, p.policy->'organization'->>'name') as organization,
            g.paused, g.paused_by as "pausedBy", g.paused_at as "pausedAt", g.paused_until as "pausedUntil",
            g.pause_reason as "pauseReason", g.breaker_open_since as "breakerOpenSince",
            g.breaker_reason as "breakerReason", g.auto_refused_because as "autoRefusedBecause",
            p.policy_version_id as "policyVersion",
            p.policy->'enforcement'->>'mode' as mode, p.policy->'organization'->>'timezone' as timezone,
            p.activated_at as "activatedAt", waiting.policy_version_id as "waitingVersion",
            refused.policy_version_id as "refusedVersion", refused.refused_because as "refusedBecause"
       from enforcement_gate g
       cross join configuration_epoch e
       left join policy_version p on p.policy_version_id = e.policy_version_id
       left join organization o on true
       left join lateral (select max(v.policy_version_id) as policy_version_id from policy_version v
                           where v.activated_at is null and v.refused_because is null
                             and v.policy_version_id > coalesce(p.policy_version_id, 0)) waiting on true
       left join policy_version refused
         on refused.refused_because is not null
        and refused.policy_version_id = (select max(policy_version_id) from policy_version)`,
  );
  return rows[0]!;
}
