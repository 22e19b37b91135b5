import type { Measure } from '@bursar/policy/policy';

const LENGTHS: Record<string, number> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };
/** Zones without a change of clocks, so that plain arithmetic tells their calendar. */
const OFFSETS: Record<string, number> = { UTC: 0, 'Asia/Kolkata': 19_800_000 };

/** The window of a measure that holds an instant; shares no code with the product. */
export function windowOf({ period, timezone }: Measure, atMs: number): { startMs: number; endMs: number } {
  const offset = OFFSETS[timezone]!;
  const length = LENGTHS[period];
  if (length !== undefined) {
    const startMs = Math.floor((atMs + offset) / length) * length - offset;
    return { startMs, endMs: startMs + length };
  }
  if (period === 'total') return { startMs: 0, endMs: Date.UTC(9999, 0, 1) };
  const shown = new Date(atMs + offset);
  const [year, month] = [shown.getUTCFullYear(), shown.getUTCMonth()];
  return { startMs: Date.UTC(year, month, 1) - offset, endMs: Date.UTC(year, month + 1, 1) - offset };
}
