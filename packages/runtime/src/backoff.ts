export type Backoff = {
  /** Upper bound of the wait before the first retry. */
  baseMs: number;
  /** Upper bound of every wait. */
  capMs: number;
  /** Uniform in [0, 1). */
  random: () => number;
};

/** How long to wait before retry number `attempt` (from 0), in whole milliseconds: uniform in [0, min(cap, base × 2^attempt)). */
export function fullJitter(attempt: number, { baseMs, capMs, random }: Backoff): number {
  return Math.floor(random() * Math.min(capMs, baseMs * 2 ** attempt));
}

type HeaderSource = Headers | Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * What a server asked us to wait, in milliseconds: `retry-after-ms`, else `retry-after` in seconds or as an HTTP date.
 * `undefined` when it asked for nothing we can read. Never negative; the caller sets the upper bound.
 */
export function retryAfterMs(headers: HeaderSource, nowMs: number = Date.now()): number | undefined {
  const exact = nonNegative(headerOf(headers, 'retry-after-ms'));
  if (exact !== undefined) return Math.ceil(exact);
  const raw = headerOf(headers, 'retry-after');
  const seconds = nonNegative(raw);
  if (seconds !== undefined) return Math.ceil(seconds * 1_000);
  // Only a weekday name opens an HTTP date; Date.parse alone would also take "-5" for a year.
  const atMs = raw !== undefined && /^[A-Za-z]{3,9},? /.test(raw) ? Date.parse(raw) : Number.NaN;
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs);
}

function headerOf(headers: HeaderSource, name: string): string | undefined {
  if (headers instanceof Headers) return headers.get(name)?.trim();
  const entry = Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
  return (typeof entry === 'string' ? entry : entry?.[0])?.trim();
}

function nonNegative(raw: string | undefined): number | undefined {
  return raw !== undefined && /^\d+(\.\d+)?$/.test(raw) ? Number(raw) : undefined;
}
