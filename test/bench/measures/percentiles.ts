export type Percentiles = { p50Ms: number; p95Ms: number; p99Ms: number; worstMs: number };

/** Nearest rank: a value that was measured, never one between two. Throws when there is none. */
export function percentiles(valuesMs: readonly number[]): Percentiles {
  if (valuesMs.length === 0) throw new Error('no delay was measured');
  const sorted = Float64Array.from(valuesMs).sort();
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
  return { p50Ms: at(0.5), p95Ms: at(0.95), p99Ms: at(0.99), worstMs: at(1) };
}
