/** What happened in a world, or in many. */
export type Contents = {
  events: number;
  crashes: number;
  stalls: number;
  assignments: number;
  /** Batches that came too late: somebody else had counted meanwhile. */
  refusedZombies: number;
  /** Batches that were prepared under a configuration of before. */
  refusedEpochs: number;
  duplicates: number;
  unreadable: number;
  /** Readers that Kafka sent back to the beginning. */
  resets: number;
  holes: number;
  rewrittenLogs: number;
  /** Versions of the policy that came into force; the first of a world is no change. */
  policyChanges: number;
  priceChanges: number;
  breaches: number;
  /** Keys switched on or off. */
  acts: number;
  withRevoker: number;
};

export function emptyContents(): Contents {
  const nothing = {
    events: 0,
    crashes: 0,
    stalls: 0,
    assignments: 0,
    refusedZombies: 0,
    refusedEpochs: 0,
    duplicates: 0,
  };
  const seldom = {
    unreadable: 0,
    resets: 0,
    holes: 0,
    rewrittenLogs: 0,
    policyChanges: 0,
    priceChanges: 0,
    breaches: 0,
    acts: 0,
  };
  return { ...nothing, ...seldom, withRevoker: 0 };
}

export function added(to: Contents, more: Contents): Contents {
  const names = Object.keys(to) as (keyof Contents)[];
  return Object.fromEntries(names.map((name) => [name, to[name] + more[name]])) as Contents;
}
