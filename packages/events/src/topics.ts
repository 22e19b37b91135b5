const DAY_MS = 86_400_000;

export type TopicSpec = {
  readonly name: string;
  readonly partitions: number;
  /** -1 keeps for ever (a compacted topic). */
  readonly retentionMs: number;
  readonly cleanup: 'delete' | 'compact';
};

/** Raw rows and event ids are kept at least this long; it must exceed topic retention plus spool age (design §7). */
export const DEDUP_WINDOW_MS = 10 * DAY_MS;

/** The topics of one installation. A prefix keeps several installations apart on one cluster. */
export function topics(prefix = 'bursar') {
  return {
    usage: { name: `${prefix}.usage.v1`, partitions: 12, retentionMs: 7 * DAY_MS, cleanup: 'delete' },
    quarantine: { name: `${prefix}.quarantine.v1`, partitions: 3, retentionMs: 30 * DAY_MS, cleanup: 'delete' },
    standing: { name: `${prefix}.standing.v1`, partitions: 1, retentionMs: -1, cleanup: 'compact' },
  } as const satisfies Record<string, TopicSpec>;
}
