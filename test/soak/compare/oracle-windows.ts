import type { SoakKey } from '../company.ts';
import type { SoakLimit } from '../policy.ts';
import type { CellSums, OracleCell } from '../traffic/oracle.ts';

/** What one window of one limit must hold. `subject` is the SHA-256 of the key, or '' where all are added up. */
export type OracleWindow = {
  readonly limit: SoakLimit;
  readonly subject: string;
  readonly startMs: number;
  readonly endMs: number;
  total: bigint;
  provisional: bigint;
};

/** Every window that the oracle's cells fall into, for these limits. Every window begins and ends on a full minute. */
export function oracleWindows(
  cells: readonly OracleCell[],
  limits: readonly SoakLimit[],
  keys: readonly SoakKey[],
): OracleWindow[] {
  const bySha = new Map(keys.map((key) => [key.sha256, key]));
  const windows = new Map<string, OracleWindow>();
  for (const { bucketMs, name, sums } of cells) {
    const key = bySha.get(name.sha256)!;
    for (const limit of limits) {
      if (!selects(limit, key)) continue;
      const subject = limit.each === 'key' ? name.sha256 : '';
      const { startMs, endMs } = windowOf(limit.period, bucketMs);
      const id = `${limit.name}/${subject}/${startMs}`;
      const window = windows.get(id) ?? { limit, subject, startMs, endMs, total: 0n, provisional: 0n };
      windows.set(id, window);
      window.total += amountOf(limit, sums);
      if (limit.metric === 'cost') window.provisional += sums.provisionalPico;
    }
  }
  return [...windows.values()];
}

function selects({ select }: SoakLimit, key: SoakKey): boolean {
  return key[select.kind === 'key' ? 'name' : select.kind] === select.name;
}

function amountOf({ metric }: SoakLimit, sums: CellSums): bigint {
  if (metric === 'requests') return sums.requests;
  if (metric === 'tokens') return sums.input + sums.output + sums.read + sums.write5m + sums.write1h;
  return sums.firmPico + sums.estimatedPico + sums.provisionalPico;
}

/** The soak's organization lives in UTC, so this is arithmetic. */
function windowOf(period: SoakLimit['period'], atMs: number): { startMs: number; endMs: number } {
  if (period === 'total') return { startMs: 0, endMs: Date.UTC(9999, 0, 1) };
  if (period === 'month') {
    const [year, month] = [new Date(atMs).getUTCFullYear(), new Date(atMs).getUTCMonth()];
    return { startMs: Date.UTC(year, month, 1), endMs: Date.UTC(year, month + 1, 1) };
  }
  const widthMs = { minute: 60_000, hour: 3_600_000, day: 86_400_000 }[period];
  const startMs = Math.floor(atMs / widthMs) * widthMs;
  return { startMs, endMs: startMs + widthMs };
}
