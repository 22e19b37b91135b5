export type Mutant = { name: string; file: string; find: string; replace: string; killedBy: string };

const killedBy = 'test/simulation/simulation.test.ts';

/** Changes of the product that the simulation is there to notice. */
export const simulationMutants: readonly Mutant[] = [
  {
    name: 'no offset compare-and-set',
    file: 'packages/db/src/ledger/claim-offset.ts',
    find: 'and next_offset = $3 and',
    replace: 'and $3::bigint is not null and',
    killedBy,
  },
  {
    name: 'no epoch check',
    file: 'packages/db/src/ledger/claim-offset.ts',
    find: 'where epoch = $7)',
    replace: 'where $7::bigint is not null)',
    killedBy,
  },
  {
    name: 'stored events count again',
    file: 'packages/db/src/ledger/write-batch.ts',
    find: '(eventId) => !duplicates.has(eventId)',
    replace: '() => true',
    killedBy,
  },
  {
    name: 'lower offsets are skipped without look-up',
    file: 'services/aggregator/partition-keeper.ts',
    find: 'if (known.length > 1 || (known[0] && !isLastOf(place, known[0]))) {',
    replace: 'if (known.length > 1_000_000) {',
    killedBy,
  },
  {
    name: 'breach not recorded when crossing',
    file: 'packages/db/src/ledger/windows.ts',
    find: 'where kind is not null and window_end > clock_timestamp()',
    replace: "where kind = 'warning' and window_end > clock_timestamp()",
    killedBy,
  },
  {
    name: 'claim without caps',
    file: 'services/revoker/acts/claim.ts',
    find: 'if (full !== undefined) {',
    replace: 'if (full !== undefined && full.allowed < 0) {',
    killedBy,
  },
  {
    name: 'verified without read-back',
    file: 'services/revoker/acts/carry-out.ts',
    find: "outcome: isSettled(claim.wanted, seen.status) ? 'verified' : 'unverified',",
    replace: "outcome: 'verified',",
    killedBy,
  },
];
