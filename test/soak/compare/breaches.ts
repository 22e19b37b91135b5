import type { Pool } from '@bursar/db/pool';
import type { Comparison } from './difference.ts';
import type { OracleWindow } from './oracle-windows.ts';
import { inUnit, windowName } from './windows.ts';

type Row = {
  rule: string;
  sha256: string | null;
  metric: string;
  start: Date;
  kind: 'warning' | 'limit' | 'provisional';
  amount: string;
  total: string;
  source: string;
  is_present: boolean;
};

/**
 * Every open window that reached an amount of the limits in force has its breach, and no breach was recorded of
 * a sum that the oracle does not know. A window that has closed may have reached its amount too late to speak.
 */
export async function compareBreaches(db: Pool, windows: readonly OracleWindow[], nowMs: number): Promise<Comparison> {
  const { rows } = await db.query<Row>(
    `select b.rule, encode(k.sha256, 'hex') as sha256, m.metric, b.window_start as start, b.kind, b.amount, b.total, b.source,
            r.generation is not distinct from b.generation as is_present
       from breach b join measure m using (measure_id) left join key_identity k on k.key_ref::text = b.subject
      cross join configuration_epoch e
       left join limit_rule r on r.policy_version_id = e.policy_version_id and r.name = b.rule`,
  );
  const byName = new Map(
    windows.map((window) => [windowName(window.limit.name, window.subject, window.startMs), window]),
  );
  const present = new Set<string>();
  const differences: string[] = [];
  for (const row of rows) {
    const name = windowName(row.rule, row.sha256 ?? '', row.start.getTime());
    const known = byName.get(name)?.total ?? 0n;
    const [total, amount] = [inUnit(row.total, row.metric), inUnit(row.amount, row.metric)];
    if (total > known || total < amount)
      differences.push(`breach ${name} (${row.kind}): of ${total}, amount ${amount}, the oracle's final sum ${known}`);
    if (row.source === 'sweep')
      differences.push(`breach ${name} (${row.kind}): the write path missed it, the sweep found it`);
    if (row.is_present) present.add(`${name} ${row.kind}`);
  }
  const due = windows.filter(({ endMs }) => endMs > nowMs).flatMap(kindsDue);
  for (const name of due) if (!present.has(name)) differences.push(`breach ${name}: is missing`);
  return { what: 'breach', compared: rows.length + due.length, differences };
}

/** What an open window must have said by now. */
function kindsDue({ limit, subject, startMs, total, provisional }: OracleWindow): string[] {
  const name = windowName(limit.name, subject, startMs);
  const warnAt = (limit.amount * BigInt(limit.warnPercent) + 99n) / 100n;
  return [
    ...(total >= warnAt ? [`${name} warning`] : []),
    ...(total - provisional >= limit.amount ? [`${name} limit`] : []),
  ];
}
