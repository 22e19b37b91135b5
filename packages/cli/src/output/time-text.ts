const UNITS: readonly [unit: string, ms: number][] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
];

/** A span in its largest unit, rounded down: `3 s`, `12 min`, `4 h`, `9 d`. */
export function spanText(ms: number): string {
  const [unit, unitMs] = UNITS.find(([, size]) => Math.abs(ms) >= size) ?? ['s', 1_000];
  return `${Math.floor(Math.abs(ms) / unitMs)} ${unit}`;
}

/** An instant as seen from now: `3 s ago`, `in 2 h`, `just now`. */
export function relativeText(at: Date, now: Date): string {
  const ms = now.getTime() - at.getTime();
  if (Math.abs(ms) < 1_000) return 'just now';
  return ms > 0 ? `${spanText(ms)} ago` : `in ${spanText(ms)}`;
}

/** `2026-11-23 14:05:09Z`: UTC to the second. */
export function utcText(at: Date): string {
  return `${at.toISOString().slice(0, 19).replace('T', ' ')}Z`;
}

/** `2026-11-23 14:05Z`. */
export function utcMinuteText(at: Date): string {
  return `${at.toISOString().slice(0, 16).replace('T', ' ')}Z`;
}
