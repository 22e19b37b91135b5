import type { Random } from '../random.ts';

export const LINK_FAULTS = ['latency', 'narrow', 'slices', 'reset', 'blackhole', 'half-close', 'cut'] as const;
export type LinkFault = (typeof LINK_FAULTS)[number];

export type Action =
  | { readonly kind: 'kill aggregator' | 'kill other'; readonly atMs: number; readonly index: number }
  | { readonly kind: 'kill backends'; readonly atMs: number; readonly count: number }
  | { readonly kind: 'stop postgres'; readonly atMs: number }
  | { readonly kind: 'restart kafka'; readonly atMs: number; readonly signal: 'SIGKILL' | 'SIGTERM' }
  | { readonly kind: 'rebalance storm'; readonly atMs: number; readonly members: number }
  | {
      readonly kind: 'link';
      readonly atMs: number;
      readonly link: 'kafka' | 'postgres';
      readonly fault: LinkFault;
      readonly forMs: number;
    }
  | { readonly kind: 'policy'; readonly atMs: number }
  | { readonly kind: 'prices'; readonly atMs: number }
  | { readonly kind: 'new key'; readonly atMs: number; readonly index: number }
  | { readonly kind: 'retention'; readonly atMs: number };

/** Quiet at both ends: to fill up, and so that recovery is part of the run. */
const QUIET_MS = 8_000;

/**
 * What goes wrong and when, in order. Ten minutes hold at least 10 kills of consumers, 300 killed backends, 3 immediate
 * stops, 2 broker restarts, 20 policies and 8 price books. Consumers are killed more than 20 s apart: a group whose members die
 * faster than a session lasts never forms. Pure.
 */
export function scheduleFor(minutes: number, random: Random): Action[] {
  const spanMs = minutes * 60_000 - 2 * QUIET_MS;
  /** `times` moments, one in each of as many equal stretches, near its middle. */
  const spread = (times: number): number[] =>
    Array.from(
      { length: times },
      (_, index) => QUIET_MS + Math.round(((index + 0.35 + 0.3 * random.next()) * spanMs) / times),
    );
  const about = (perMinute: number, least = 1) => Math.max(least, Math.round(perMinute * minutes));
  const links = LINK_FAULTS.flatMap((fault) => [
    { link: 'kafka', fault } as const,
    { link: 'postgres', fault } as const,
  ]);
  const shuffled = links.map((one) => ({ one, by: random.next() })).sort((a, b) => a.by - b.by);
  return [
    ...spread(about(1.2)).map((atMs, index) => ({ kind: 'kill aggregator', atMs, index }) as const),
    ...spread(about(0.5)).map((atMs, index) => ({ kind: 'kill other', atMs, index }) as const),
    ...spread(about(12)).map((atMs) => ({ kind: 'kill backends', atMs, count: random.whole(3, 5) }) as const),
    ...spread(about(0.4)).map((atMs) => ({ kind: 'stop postgres', atMs }) as const),
    ...spread(about(0.3)).map(
      (atMs, index) => ({ kind: 'restart kafka', atMs, signal: index % 2 ? 'SIGTERM' : 'SIGKILL' }) as const,
    ),
    ...spread(about(0.2)).map((atMs) => ({ kind: 'rebalance storm', atMs, members: 4 }) as const),
    ...spread(about(2, 3)).map((atMs, index) => {
      const { one } = shuffled[index % shuffled.length]!;
      return { kind: 'link', atMs, ...one, forMs: random.whole(3_000, 8_000) } as const;
    }),
    ...spread(about(2.4, 2)).map((atMs) => ({ kind: 'policy', atMs }) as const),
    ...spread(about(1)).map((atMs) => ({ kind: 'prices', atMs }) as const),
    ...spread(about(0.5)).map((atMs, index) => ({ kind: 'new key', atMs, index }) as const),
    ...spread(about(0.5)).map((atMs) => ({ kind: 'retention', atMs }) as const),
  ].sort((a, b) => a.atMs - b.atMs);
}

/** An action in words, for the printed schedule and the log. */
export function inWords(action: Action): string {
  switch (action.kind) {
    case 'kill backends':
      return `kill ${action.count} backends`;
    case 'restart kafka':
      return `restart kafka (${action.signal})`;
    case 'link':
      return `${action.link} link: ${action.fault} for ${(action.forMs / 1_000).toFixed(1)} s`;
    default:
      return action.kind;
  }
}
