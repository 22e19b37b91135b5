import type { Pool } from '@bursar/db/pool';
import { picoUsd } from '../../harness/ledger.ts';
import { type Comparison, compareMaps } from './difference.ts';
import type { OracleWindow } from './oracle-windows.ts';

type Row = {
  rule: string;
  sha256: string | null;
  metric: string;
  start: Date;
  counted_from: Date;
  total: string;
  provisional: string;
};

/** Compares every window that the measures of the policy in force have kept from its beginning. */
export async function compareWindows(db: Pool, windows: readonly OracleWindow[]): Promise<Comparison> {
  const { rows } = await db.query<Row>(
    `select r.name as rule, encode(k.sha256, 'hex') as sha256, m.metric, w.window_start as start, m.counted_from,
            w.total, w.provisional
       from configuration_epoch join limit_rule r using (policy_version_id) join measure m using (measure_id)
       join limit_window w using (measure_id) left join key_identity k on k.key_ref::text = w.subject
      where w.window_start >= m.counted_from`,
  );
  const countedFromMs = await beginnings(db);
  const is = new Map(
    rows.map((row) => [
      windowName(row.rule, row.sha256 ?? '', row.start.getTime()),
      amounts(inUnit(row.total, row.metric), inUnit(row.provisional, row.metric)),
    ]),
  );
  const mustBe = new Map(
    windows
      .filter(({ limit, startMs }) => startMs >= (countedFromMs.get(limit.name) ?? Number.POSITIVE_INFINITY))
      .map(({ limit, subject, startMs, total, provisional }) => [
        windowName(limit.name, subject, startMs),
        amounts(total, provisional),
      ]),
  );
  return compareMaps('window', is, mustBe);
}

async function beginnings(db: Pool): Promise<Map<string, number>> {
  const { rows } = await db.query<{ rule: string; counted_from: Date }>(
    `select r.name as rule, m.counted_from
       from configuration_epoch join limit_rule r using (policy_version_id) join measure m using (measure_id)`,
  );
  return new Map(rows.map((row) => [row.rule, row.counted_from.getTime()]));
}

export function windowName(rule: string, subject: string, startMs: number): string {
  return `${rule}/${subject.slice(0, 12)}/${new Date(startMs).toISOString()}`;
}

export function inUnit(text: string, metric: string): bigint {
  return metric === 'cost' ? picoUsd(text) : BigInt(text.split('.')[0]!);
}

function amounts(total: bigint, provisional: bigint): string {
  return provisional === 0n ? String(total) : `${total} (${provisional} provisional)`;
}
