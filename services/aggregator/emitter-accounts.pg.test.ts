import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addSums } from '@bursar/db/ledger/sums';
import type { Pool } from '@bursar/db/pool';
import { type Account, accountBoot } from '@bursar/db/report/account-boot';
import { loadBoots } from '@bursar/db/report/boots';
import { addAccount, nothing } from '@bursar/db/report/completeness';
import { inTransaction } from '@bursar/db/transaction';
import fc from 'fast-check';
import { freshDatabase } from '../../test/harness/database.ts';
import { testPool } from '../../test/harness/ledger.ts';
import type { PricedRecord } from './price-records.ts';
import type { RefusedRecord } from './read-records.ts';
import { sumEmitters } from './sum-emitters.ts';
import { type Emission, emissions, logOf, type Told } from './testing/emission.ts';

const ALL_TIME = { from: new Date(0), to: new Date('2100-01-01') };
const LANES = 3;

/** A ledger of emitters alone: batches of each lane in turn, each event counted or put into quarantine once. */
async function count(db: Pool, batches: readonly { lane: number; told: readonly Told[] }[]): Promise<void> {
  const known = new Set<string>();
  const isNew = (name: string) => !known.has(name) && known.add(name) !== undefined;
  for (const { lane, told } of batches) {
    const records: PricedRecord[] = [];
    const repeats: PricedRecord[] = [];
    const refused: RefusedRecord[] = [];
    const newlyQuarantined = new Set<string>();
    const emitters = told.flatMap((one) =>
      'emitter' in one ? [{ event: one.emitter, offset: 0n, countedAtMs: Date.parse(one.emitter.time) }] : [],
    );
    told.forEach((one, index) => {
      if ('emitter' in one) return;
      const occurredAtMs = Date.parse(one.usage.time);
      const record = { event: one.usage, occurredAtMs, offset: BigInt(index) } as PricedRecord;
      const fresh = isNew(one.usage.id);
      if (one.refused) {
        const { service, emitter } = one.usage.data;
        refused.push({ offset: record.offset, countedAtMs: occurredAtMs, service, emitter });
        if (fresh) newlyQuarantined.add(String(index));
      } else if (fresh) records.push(record);
      else repeats.push(record);
    });
    const sums = sumEmitters(records, { repeats, emitters, refused }, lane, {
      isFresh: () => true,
      isNewlyQuarantined: (offset) => newlyQuarantined.has(offset),
      mostSeqOf: () => 1_000_000,
    });
    const { emitters: heard, emitterQuarters } = sums;
    await inTransaction(db, (connection) =>
      addSums(connection, { minutes: [], quarterHours: [], emitters: heard, emitterQuarters }),
    );
  }
}

/** The lines of one boot: each must add up and have no negative number. */
async function accountOf(db: Pool, at: { emitterId: string; silent: boolean }): Promise<Account> {
  const silentBefore = new Date(at.silent ? '2100-01-01' : 0);
  const boots = await loadBoots(db, { silentBefore, range: ALL_TIME });
  const lines = boots.filter(({ emitterId }) => emitterId === at.emitterId).flatMap(accountBoot);
  for (const line of lines) {
    const { quarter, droppedBy, duplicates, emitted, ...parts } = line;
    assert.equal(
      emitted,
      Object.values(parts).reduce((sum, part) => sum + part, 0),
      'the line adds up',
    );
    assert.ok(Math.min(duplicates, ...Object.values(parts)) >= 0, `a number is below zero: ${JSON.stringify(line)}`);
    assert.ok(Object.values(droppedBy).every((drops) => drops > 0));
  }
  const { droppedBy, ...sum } = lines.reduce(addAccount, { ...nothing(), droppedBy: {} });
  return sum;
}

/** What must come out, by plain counting of what became of each number that can be known. */
function expected({ fates, ending, heartbeats }: Emission): Account {
  const lastArrived = fates.findLastIndex(({ kind }) => kind === 'counted' || kind === 'quarantined') + 1;
  const told = heartbeats.map(({ after }) => after).filter((after) => after <= fates.length);
  const known = ending === 'killed' ? Math.max(lastArrived, 0, ...told) : fates.length;
  const ofKind = (kind: string) => fates.slice(0, known).filter((fate) => fate.kind === kind);
  const copies = [...ofKind('counted'), ...ofKind('quarantined')].reduce((sum, fate) => sum + fate.copies - 1, 0);
  const [waiting, lost] = [ofKind('waiting').length, ofKind('lost').length];
  return {
    ...nothing(),
    emitted: known,
    counted: ofKind('counted').length,
    duplicates: copies,
    quarantined: ofKind('quarantined').length,
    dropped: ofKind('dropped').length,
    onTheWay: ending === 'running' ? waiting : 0,
    // After a goodbye nothing waits any more; after a kill missing and tail are told apart only roughly.
    missing: ending === 'running' ? lost : lost + waiting,
  };
}

const cases = emissions.chain((emission) => {
  const { emitterId, log } = logOf(emission);
  const order = fc.shuffledSubarray(log, { minLength: log.length, maxLength: log.length });
  const cuts = fc.array(fc.record({ lane: fc.nat(LANES - 1), size: fc.integer({ min: 1, max: 12 }) }), {
    minLength: 1,
  });
  return fc.record({ emission: fc.constant(emission), emitterId: fc.constant(emitterId), order, cuts });
});

function cut(order: readonly Told[], cuts: readonly { lane: number; size: number }[]) {
  const batches: { lane: number; told: readonly Told[] }[] = [];
  for (let done = 0, turn = 0; done < order.length; turn++) {
    const { lane, size } = cuts[turn % cuts.length]!;
    batches.push({ lane, told: order.slice(done, done + size) });
    done += size;
  }
  return batches;
}

test('whatever becomes of the numbers that an emitter gave, each is accounted for once, and what is missing is what was lost', async () => {
  await using database = await freshDatabase('accounts');
  await using db = testPool(database.url);
  await fc.assert(
    fc.asyncProperty(cases, async ({ emission, emitterId, order, cuts }) => {
      await db.query('truncate emitter_seq, emitter_quarter_hour');
      await count(db, cut(order, cuts));
      const { unknownTail, ...account } = await accountOf(db, { emitterId, silent: emission.ending === 'killed' });
      const { unknownTail: _, ...want } = expected(emission);
      assert.deepEqual({ ...account, missing: account.missing + unknownTail }, want);
    }),
    { numRuns: 250 },
  );
});

test('while records are still on their way to the ledger, each line adds up and no number is below zero', async () => {
  await using database = await freshDatabase('accounts_under_way');
  await using db = testPool(database.url);
  await fc.assert(
    fc.asyncProperty(cases, fc.nat(40), async ({ emission, emitterId, order, cuts }, read) => {
      await db.query('truncate emitter_seq, emitter_quarter_hour');
      await count(db, cut(order.slice(0, read), cuts));
      await accountOf(db, { emitterId, silent: emission.ending === 'killed' });
    }),
    { numRuns: 100 },
  );
});
