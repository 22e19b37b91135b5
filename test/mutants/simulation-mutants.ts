import type { Mutant } from './mutant.ts';

const killedBy = 'test/simulation/simulation.test.ts';
const tests = 'the fixed block';

/** Changes of the product that the simulation is there to notice. */
export const simulationMutants: readonly Mutant[] = [
  {
    name: 'no offset compare-and-set',
    file: 'packages/db/src/ledger/claim-offset.ts',
    find: 'and next_offset = $3 and',
    replace: 'and $3::bigint is not null and',
    killedBy,
    tests,
  },
  {
    name: 'no epoch check',
    file: 'packages/db/src/ledger/claim-offset.ts',
    find: 'where epoch = $7)',
    replace: 'where $7::bigint is not null)',
    killedBy,
    tests,
  },
  {
    name: 'a price book comes into force within the epoch',
    file: 'packages/db/src/configuration/price-books.ts',
    find: 'set epoch = epoch + 1, price_book_id = $1,',
    replace: 'set price_book_id = $1,',
    killedBy,
    tests,
  },
  {
    name: 'a key that is bound late is held for the last limit alone',
    file: 'packages/db/src/enforcement/breach.ts',
    find: "b.subject in ('', bound.key_ref::text)",
    replace: 'b.subject = bound.key_ref::text',
    killedBy,
    tests,
  },
  {
    name: 'stored events count again',
    file: 'packages/db/src/ledger/write-batch.ts',
    find: '(eventId) => !duplicates.has(eventId),',
    replace: '() => true,',
    killedBy,
    tests,
  },
  {
    name: 'windows in another transaction than the offset',
    file: 'packages/db/src/ledger/write-batch.ts',
    find: 'const crossed = await addToWindows(',
    replace:
      "await connection.query('commit');\n  await connection.query('begin');\n  const crossed = await addToWindows(",
    killedBy,
    tests,
  },
  {
    name: 'a hole is no reason to halt',
    file: 'services/aggregator/partition-keeper.ts',
    find: 'if (place.expected === expected && isGone)',
    replace: 'if (place.expected !== expected && isGone)',
    killedBy,
    tests,
  },
  {
    name: 'the last counted record is not compared',
    file: 'services/aggregator/partition-keeper.ts',
    find: 'if (last !== undefined && !recordDigest(last).equals(place.unverified))',
    replace: 'if (last === undefined && !recordDigest(records[0]).equals(place.unverified))',
    killedBy,
    tests,
  },
  {
    name: 'the end of the log is not asked for again',
    file: 'services/aggregator/partition-keeper.ts',
    find: 'const now = await this.#mark(partition);',
    replace: 'const now = mark;',
    killedBy: 'services/aggregator/stale-watermarks.test.ts',
  },
  {
    name: 'breach not recorded when crossing',
    file: 'packages/db/src/ledger/windows.ts',
    find: 'where kind is not null and window_end > clock_timestamp()',
    replace: "where kind = 'warning' and window_end > clock_timestamp()",
    killedBy,
    tests,
  },
  {
    name: 'claim without caps',
    file: 'services/revoker/acts/claim.ts',
    find: 'if (full !== undefined) {',
    replace: 'if (full !== undefined && full.allowed < 0) {',
    killedBy,
    tests,
  },
  {
    name: 'verified without read-back',
    file: 'services/revoker/acts/carry-out.ts',
    find: "outcome: isSettled(claim.wanted, seen.status) ? 'verified' : 'unverified',",
    replace: "outcome: 'verified',",
    killedBy,
    tests,
  },
];
