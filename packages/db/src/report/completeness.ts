import type { Queryable } from '../pool.ts';
import { type Account, accountBoot } from './account-boot.ts';
import { type BootQuery, loadBoots } from './boots.ts';

export const COMPLETENESS_GROUPS = ['service', 'hour', 'emitter', 'boot'] as const;
export type CompletenessGroup = (typeof COMPLETENESS_GROUPS)[number];

export type CompletenessRow = Account & {
  service?: string;
  hour?: Date;
  emitter?: string;
  boot?: string;
  /** Drops by reason, in the hour in which the emitter told of them. */
  droppedBy: Record<string, number>;
};

const HOUR_MS = 3_600_000;
const COUNTS = [
  'emitted',
  'counted',
  'duplicates',
  'quarantined',
  'dropped',
  'onTheWay',
  'missing',
  'unknownTail',
] as const satisfies readonly (keyof Account)[];

/** What became of every request that emitters numbered, by the hour (UTC) in which it ended. The hours are whole. */
export async function loadCompleteness(
  db: Queryable,
  { by, range, silentBefore }: Required<BootQuery> & { by: readonly CompletenessGroup[] },
): Promise<CompletenessRow[]> {
  const sums = new Map<string, CompletenessRow>();
  for (const boot of await loadBoots(db, { silentBefore, range })) {
    const names = { service: boot.service, emitter: boot.emitterId, boot: boot.boot };
    for (const line of accountBoot(boot)) {
      if (line.quarter < range.from || line.quarter >= range.to) continue;
      const hour = new Date(Math.floor(line.quarter.getTime() / HOUR_MS) * HOUR_MS);
      const group = Object.fromEntries(by.map((name) => [name, { ...names, hour }[name]]));
      const key = JSON.stringify(group);
      const sum = sums.get(key) ?? { ...group, ...nothing(), droppedBy: {} };
      sums.set(key, addAccount(sum, line));
    }
  }
  return [...sums].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}

/** Adds the counts of `line` to `sum` and returns it. */
export function addAccount(sum: CompletenessRow, line: Account & Pick<CompletenessRow, 'droppedBy'>): CompletenessRow {
  for (const count of COUNTS) sum[count] += line[count];
  for (const [reason, count] of Object.entries(line.droppedBy))
    sum.droppedBy[reason] = (sum.droppedBy[reason] ?? 0) + count;
  return sum;
}

export function nothing(): Account {
  return Object.fromEntries(COUNTS.map((count) => [count, 0])) as Account;
}
