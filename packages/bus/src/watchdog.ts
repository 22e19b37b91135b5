import type { Watermarks } from './admin.ts';

/** Kafka has records for this member and answers, yet nothing was fetched for a minute: kafkajs has stopped without a word. */
export class FetchStalledError extends Error {
  override readonly name = 'FetchStalledError';
}

/** Kafka answers, yet this process could not become a member of its group for two minutes. */
export class MembershipLostError extends Error {
  override readonly name = 'MembershipLostError';
}

export const FETCH_STALLED_AFTER_MS = 60_000;
export const MEMBERSHIP_LOST_AFTER_MS = 120_000;

/** What the loop knows of itself. Times are ages. */
export type LoopHealth = {
  readonly isMember: boolean;
  readonly sinceMembershipMs: number;
  readonly sinceFetchMs: number;
  /** Batches that are being worked on: while one waits for Postgres nothing is fetched, and that is right. */
  readonly batchesUnderWay: number;
  /** What the group gave to this member, without what is halted. */
  readonly partitions: ReadonlySet<number>;
  /** The next offset to be read, where anything was read yet. */
  readonly next: ReadonlyMap<number, bigint>;
};

/** Whether it is worth asking Kafka if something is wrong. Pure. */
export function isSuspicious(health: LoopHealth): boolean {
  if (!health.isMember) return health.sinceMembershipMs > MEMBERSHIP_LOST_AFTER_MS;
  return health.batchesUnderWay === 0 && health.sinceFetchMs > FETCH_STALLED_AFTER_MS;
}

/** What is wrong, given that Kafka answered with these watermarks. Pure; undefined when all is well. */
export function diagnose(health: LoopHealth, marks: readonly Watermarks[]): Error | undefined {
  if (!isSuspicious(health)) return undefined;
  if (!health.isMember) {
    const seconds = Math.round(health.sinceMembershipMs / 1_000);
    return new MembershipLostError(
      `Kafka answers, but for ${seconds} s this process could not join its consumer group`,
    );
  }
  const behind = marks.find(
    ({ partition, low, high }) => health.partitions.has(partition) && (health.next.get(partition) ?? low) < high,
  );
  if (behind === undefined) return undefined;
  const seconds = Math.round(health.sinceFetchMs / 1_000);
  const next = health.next.get(behind.partition) ?? behind.low;
  return new FetchStalledError(
    `nothing was fetched for ${seconds} s although partition ${behind.partition} has records from ${next} to ${behind.high - 1n}`,
  );
}
