import { loadActivePolicy } from '@bursar/db/configuration/active-policy';
import { type ListedApiKey, listApiKeys } from '@bursar/db/inventory/list-api-keys';
import type { Pool } from '@bursar/db/pool';
import { recordBreaches, type ScheduledBreach } from '@bursar/db/schedule/record-breaches';
import type { KeyEntry } from '@bursar/policy/policy';
import { policyFromJson } from '@bursar/policy/policy-json';
import { rotationState } from '@bursar/policy/rotation';
import type { Job } from '../job.ts';

const DAY_MS = 86_400_000;
/** A rotation has no end of its own. The same instant as the end of a window of all time. */
const NO_END = new Date(Date.UTC(9999, 0, 1));

/** Reminds of rotations, and breaks the rotation rule for a key that is past its date and grace. */
export function rotationJob(pool: Pool, cron: string): Job {
  return { name: 'rotation', cron, atStart: true, leaseMs: 60_000, run: async () => reviewRotations(pool, new Date()) };
}

/** One look at every key that the policy names. */
export async function reviewRotations(pool: Pool, now: Date): Promise<string> {
  const active = await loadActivePolicy(pool);
  if (active === undefined) return 'no policy in force';
  const { keys: entries } = policyFromJson(active.policyJson);
  const keyByName = soleKeysInUse(await listApiKeys(pool));
  const breaches = entries.flatMap((entry) => {
    const key = keyByName.get(entry.name);
    return key === undefined ? [] : rotationBreaches(entry, key, active.versionId, now);
  });
  const recorded = breaches.length === 0 ? 0 : await recordBreaches(pool, breaches);
  return `${entries.length} entries, ${breaches.length} keys to rotate, ${recorded} breaches recorded`;
}

/**
 * What a key's rotation asks for now: the present reminder, a word on its date, or, past its grace, the end of its use.
 * A protected key is only ever spoken of. Each is one breach per date, so a new date speaks anew.
 */
export function rotationBreaches(
  entry: KeyEntry,
  key: Pick<ListedApiKey, 'apiKeyId' | 'createdAt'>,
  policyVersionId: number,
  now: Date,
): ScheduledBreach[] {
  const { state, dueAtMs, reminderMs } = rotationState(entry, key.createdAt.getTime(), now.getTime());
  const breach = (kind: 'warning' | 'limit', percent: number): ScheduledBreach[] => [
    {
      cause: 'rotation',
      rule: 'rotation',
      generation: 0,
      policyVersionId,
      measureId: null,
      subject: key.apiKeyId,
      windowStart: new Date(dueAtMs),
      windowEnd: NO_END,
      kind,
      percent,
      amount: '0',
      total: '0',
      source: 'rotation',
    },
  ];
  if (state === 'remind') return breach('warning', Math.max(1, Math.round((reminderMs ?? 0) / DAY_MS)));
  if (state === 'due' || (state === 'past_grace' && entry.protected)) return breach('warning', 0);
  return state === 'past_grace' ? breach('limit', 100) : [];
}

/**
 * Keys in use by name, where the name tells which key is meant. One that we hold is in use as well: else the end of its
 * budget period would bring back a key whose rotation date has passed meanwhile.
 */
function soleKeysInUse(keys: readonly ListedApiKey[]): Map<string, ListedApiKey> {
  const inUse = keys.filter((key) => key.status === 'active' || key.held);
  const groups = [...Map.groupBy(inUse, (key) => key.name)];
  return new Map(groups.flatMap(([name, same]) => (same.length === 1 ? [[name, same[0]!] as const] : [])));
}
