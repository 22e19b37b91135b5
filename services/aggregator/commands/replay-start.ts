/** From where one partition is asked to be read again, and what bounds it. Offsets of one partition; pure. */
export type ReplayBounds = {
  /** What was asked for; undefined means the first that Kafka has. */
  wanted: bigint | undefined;
  /** The first offset that Kafka has. */
  low: bigint;
  /** The first offset that is young enough for its id to be remembered. */
  remembered: bigint;
};

/** Where reading begins, and why not further back where that is so. */
export function replayStart({ wanted, low, remembered }: ReplayBounds): { to: bigint; because?: string } {
  const asked = wanted ?? low;
  if (asked < remembered && low < remembered)
    return { to: remembered, because: 'what is older could not be told from what was counted' };
  return asked < low ? { to: low, because: 'Kafka has nothing before' } : { to: asked };
}
