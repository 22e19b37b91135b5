import type { Connection, Pool } from '../pool.ts';
import { inRetriedTransaction } from '../transaction.ts';
import { versionInForce } from './active-policy.ts';
import { judgeOpenWindows, rebuildWindows, staleMeasures } from './base-windows.ts';
import { bindKeys, unboundCandidates } from './bindings.ts';
import { lockEpoch, tellConfigurationMoved } from './epoch.ts';
import { insertRules, type Rules } from './rules.ts';
import { settleVouchers } from './vouchers.ts';

export type SubmittedPolicy = { versionId: number; policyJson: unknown };

/** The oldest policy that waits for activation. */
export async function nextSubmittedPolicy(pool: Pool): Promise<SubmittedPolicy | undefined> {
  const { rows } = await pool.query<{ policy_version_id: number; policy: unknown }>(
    `select policy_version_id, policy from policy_version
      where activated_at is null and refused_because is null order by policy_version_id limit 1`,
  );
  return rows[0] && { versionId: rows[0].policy_version_id, policyJson: rows[0].policy };
}

/** Marks a version that can't be activated, with the reason for the person who submitted it. */
export async function refusePolicy(pool: Pool, versionId: number, because: string): Promise<void> {
  await pool.query(
    'update policy_version set refused_because = $2 where policy_version_id = $1 and activated_at is null',
    [versionId, because],
  );
}

/** Makes a version the policy in force. False when another process did it first. */
export async function activatePolicy(pool: Pool, versionId: number, rules: Rules): Promise<boolean> {
  return inRetriedTransaction(pool, async (connection) => {
    await lockEpoch(connection);
    const { rowCount } = await connection.query(
      `update policy_version set activated_at = clock_timestamp()
        where policy_version_id = $1 and activated_at is null and refused_because is null`,
      [versionId],
    );
    if (rowCount !== 1) return false;
    await insertRules(connection, versionId, rules);
    await settleVouchers(connection, versionId);
    await bindKeys(connection, versionId);
    await moveEpoch(connection, versionId);
    return true;
  });
}

/** Takes in keys and workspaces that the inventory has learnt of. False when nothing changed. */
export async function refreshBindings(pool: Pool): Promise<boolean> {
  if (!(await bindingsAreStale(pool))) return false;
  return inRetriedTransaction(pool, async (connection) => {
    await lockEpoch(connection);
    const versionId = (await versionInForce(connection)) ?? undefined;
    await bindKeys(connection, versionId);
    await moveEpoch(connection, versionId);
    return true;
  });
}

async function bindingsAreStale(pool: Pool): Promise<boolean> {
  if ((await unboundCandidates(pool, (await versionInForce(pool)) ?? undefined)).length > 0) return true;
  const { rows } = await pool.query<{ stale: boolean }>(
    `select exists (
       select 1 from configuration_epoch join limit_rule using (policy_version_id) join measure m using (measure_id)
         join measure_resolution now_is using (measure_id)
        where m.resolved is distinct from now_is.resolved) as stale`,
  );
  return rows[0]!.stale;
}

async function moveEpoch(connection: Connection, versionId: number | undefined): Promise<void> {
  if (versionId !== undefined) await rebuildWindows(connection, await staleMeasures(connection, versionId));
  await connection.query(
    'update configuration_epoch set epoch = epoch + 1, policy_version_id = $1, moved_at = clock_timestamp()',
    [versionId ?? null],
  );
  if (versionId !== undefined) await judgeOpenWindows(connection, versionId);
  await tellConfigurationMoved(connection);
  await connection.query(`select pg_notify('bursar_breach', '')`);
}
