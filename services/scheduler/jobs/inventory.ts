import type Anthropic from '@anthropic-ai/sdk';
import { loadActivePolicy } from '@bursar/db/configuration/active-policy';
import { listApiKeys } from '@bursar/db/inventory/list-api-keys';
import type { Pool } from '@bursar/db/pool';
import { setFindings } from '@bursar/db/schedule/set-findings';
import { policyFromJson } from '@bursar/policy/policy-json';
import { INVENTORY_FINDINGS, inventoryFindings } from '../inventory/inventory-findings.ts';
import { syncInventory } from '../inventory/sync-inventory.ts';
import type { Job } from '../job.ts';

/** Keeps workspaces and API keys as Anthropic has them, and says where policy and inventory contradict each other. */
export function inventoryJob(pool: Pool, client: Anthropic, cron: string): Job {
  return {
    name: 'inventory',
    cron,
    atStart: true,
    leaseMs: 120_000,
    async run(signal) {
      const { keys, workspaces, added, gone, changes } = await syncInventory(pool, client, signal);
      const findings = await reviewInventory(pool);
      return `${keys} keys in ${workspaces} workspaces; ${added} new, ${gone} gone, ${changes} changes, ${findings} findings`;
    },
  };
}

/** Brings the open findings about the inventory up to date and returns how many there are. */
export async function reviewInventory(pool: Pool): Promise<number> {
  const active = await loadActivePolicy(pool);
  const policy = active && policyFromJson(active.policyJson);
  const findings = inventoryFindings(policy, await listApiKeys(pool));
  for (const kind of INVENTORY_FINDINGS) {
    await setFindings(
      pool,
      kind,
      findings.filter((finding) => finding.kind === kind),
    );
  }
  return findings.length;
}
