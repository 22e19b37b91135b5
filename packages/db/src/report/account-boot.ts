/** What the ledger knows of one boot of an emitter, all partitions together. */
export type Boot = {
  emitterId: string;
  boot: string;
  service: string;
  /** `closed` said goodbye; `silent` did not, and has not been heard for long. */
  state: 'running' | 'closed' | 'silent';
  /** The last number known to be given, and the last that an event carried. */
  highestSeq: number;
  lastEventSeq: number;
  /** What it last said was waiting to be sent. */
  pending: number;
  lastSeenAt: Date;
  /** In order of time. */
  quarters: readonly BootQuarter[];
};

/** What arrived of the requests that ended in one quarter of an hour, by the emitter's clock. */
export type BootQuarter = {
  quarter: Date;
  seen: number;
  duplicates: number;
  quarantined: number;
  /** Of those seen, how many had a number that can't be believed. */
  unnumbered: number;
  highestSeq: number;
  lowestPending: number | null;
  /** By reason, since the boot began, as known in this quarter. */
  dropped: Readonly<Record<string, number>>;
};

/**
 * emitted = counted + quarantined + dropped + onTheWay + missing + unknownTail, in each line and so in every sum of lines.
 * Duplicates are copies of numbers that are counted, or in quarantine, already.
 */
export type Account = {
  emitted: number;
  counted: number;
  duplicates: number;
  quarantined: number;
  dropped: number;
  onTheWay: number;
  missing: number;
  unknownTail: number;
};

/** `droppedBy`: drops by reason, in the quarter in which the emitter told of them. */
export type AccountLine = Account & { quarter: Date; droppedBy: Record<string, number> };

/**
 * Accounts for every number that a boot gave, quarter by quarter. Pure.
 *
 * Numbers rise with time, but quarters meet in disorder: an event of the old quarter may carry a higher number than one of the new.
 * So all sums run from the boot's beginning, and what a later quarter explains is taken out of the earlier ones (`leastAhead`).
 */
export function accountBoot(boot: Boot): AccountLine[] {
  const { quarters } = boot;
  const unexplained = leastAhead(unexplainedUpTo(quarters));
  const drops = dropsUpTo(quarters);
  const unaccounted = leastAhead(unexplained.map((count, at) => Math.max(0, count - total(drops[at]!))));
  const lost = lostUpTo(unaccounted, mayStillCome(boot, unaccounted.at(-1) ?? 0));
  return quarters.map((quarter, at) => {
    const since = (sums: readonly number[]) => sums[at]! - (at === 0 ? 0 : sums[at - 1]!);
    const waiting = since(unaccounted) - since(lost);
    const { seen: counted, duplicates, quarantined } = quarter;
    const dropped = since(unexplained) - since(unaccounted);
    return {
      quarter: quarter.quarter,
      emitted: counted + quarantined + since(unexplained),
      counted,
      duplicates,
      quarantined,
      dropped,
      onTheWay: boot.state === 'silent' ? 0 : waiting,
      missing: since(lost),
      unknownTail: boot.state === 'silent' ? waiting : 0,
      droppedBy: newDrops(drops[at]!, drops[at - 1] ?? {}),
    };
  });
}

/** Numbers given up to the end of each quarter that are neither counted nor in quarantine. */
function unexplainedUpTo(quarters: readonly BootQuarter[]): number[] {
  let highest = 0;
  let explained = 0;
  return quarters.map(({ seen, quarantined, unnumbered, highestSeq }) => {
    highest = Math.max(highest, highestSeq);
    explained += seen - unnumbered + quarantined;
    return Math.max(0, highest - explained);
  });
}

function dropsUpTo(quarters: readonly BootQuarter[]): Record<string, number>[] {
  let known: Record<string, number> = {};
  return quarters.map(({ dropped }) => {
    known = { ...known };
    for (const [reason, count] of Object.entries(dropped)) known[reason] = Math.max(known[reason] ?? 0, count);
    return known;
  });
}

/**
 * How many of the unaccounted numbers up to each quarter may still be on their way. A goodbye ends the waiting.
 * In a later quarter the emitter has had at most its lowest `pending` left of all it numbered before. The last quarter of a running boot is open.
 */
function mayStillCome({ state, quarters, highestSeq, lastEventSeq, pending }: Boot, unaccounted: number): number[] {
  if (state === 'closed') return quarters.map(() => 0);
  if (state === 'silent') {
    const tail = Math.min(unaccounted, Math.max(pending, highestSeq - lastEventSeq));
    return quarters.map(() => tail);
  }
  const leastPending = leastAhead(quarters.map(({ lowestPending }) => lowestPending ?? Number.POSITIVE_INFINITY));
  return quarters.map((_, at) => leastPending[at + 1] ?? Number.POSITIVE_INFINITY);
}

/** What was lost up to one quarter stays lost in the next. */
function lostUpTo(unaccounted: readonly number[], mayCome: readonly number[]): number[] {
  let lost = 0;
  return unaccounted.map((count, at) => {
    lost = Math.max(lost, count - mayCome[at]!);
    return lost;
  });
}

/** The least value from each place on: it never falls. */
function leastAhead(values: readonly number[]): number[] {
  let least = Number.POSITIVE_INFINITY;
  return values
    .toReversed()
    .map((value) => (least = Math.min(least, value)))
    .reverse();
}

function newDrops(known: Readonly<Record<string, number>>, before: Readonly<Record<string, number>>) {
  const grown = Object.entries(known).map(([reason, count]) => [reason, count - (before[reason] ?? 0)] as const);
  return Object.fromEntries(grown.filter(([, count]) => count > 0));
}

function total(drops: Readonly<Record<string, number>>): number {
  return Object.values(drops).reduce((sum, count) => sum + count, 0);
}
