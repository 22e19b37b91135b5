import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { LedgerBatch, Written } from '@bursar/db/ledger/write-batch';
import { GroupCommit } from './group-commit.ts';

const DONE: Written = { state: 'written', fresh: 1, duplicates: 0, breaches: 0, lateCrossings: 0 };
const LOST: Written = { state: 'lost', nextOffset: 7n, epoch: 1n };

type Change = { events?: number; epoch?: bigint; policy?: number };

function batch(partition: number, { events = 1, epoch = 1n, policy = 1 }: Change = {}): LedgerBatch {
  const given = { claim: { partition, epoch }, policyVersionId: policy, events: Array(events) };
  return given as unknown as LedgerBatch;
}

/** A database whose transactions end when the test says so; writes down which partitions each of them held. */
function world(change: { worthAnother?: number; togetherEnds?: () => readonly Written[] | undefined } = {}) {
  const transactions: string[] = [];
  const underWay: PromiseWithResolvers<void>[] = [];
  const transaction = async (batches: readonly LedgerBatch[]) => {
    transactions.push(batches.map(({ claim }) => claim.partition).join('+'));
    const ending = Promise.withResolvers<void>();
    underWay.push(ending);
    await ending.promise;
  };
  const commits = new GroupCommit({
    ...{ atATime: 2, mostEvents: 10, worthAnother: change.worthAnother ?? 1 },
    alone: async (one) => transaction([one]).then(() => (one.claim.partition === 9 ? LOST : DONE)),
    together: async (batches) => {
      await transaction(batches);
      return change.togetherEnds ? change.togetherEnds() : batches.map(() => DONE);
    },
    isAway: (error) => (error as Error).message === 'away',
  });
  const endAll = async () => {
    await turn();
    while (underWay.length > 0) {
      underWay.shift()!.resolve();
      await turn();
    }
  };
  return { commits, transactions, underWay, endAll };
}

test('what comes while transactions are under way goes into the next one, together', async () => {
  const { commits, transactions, endAll } = world();
  const all = [1, 2, 3, 4, 5].map((partition) => commits.write(batch(partition)));
  await turn();
  assert.deepEqual(transactions, ['1', '2']);
  await endAll();
  assert.deepEqual(await Promise.all(all), Array(5).fill(DONE));
  assert.deepEqual(transactions, ['1', '2', '3+4+5']);
});

test('a further transaction begins beside one under way only when enough waits for it', async () => {
  const { commits, transactions, endAll } = world({ worthAnother: 3 });
  const all = [commits.write(batch(1)), commits.write(batch(2, { events: 2 }))];
  await turn();
  assert.deepEqual(transactions, ['1']);
  all.push(commits.write(batch(3)));
  await turn();
  assert.deepEqual(transactions, ['1', '2+3']);
  await endAll();
  await Promise.all(all);
});

test('what does not fit goes by itself: too many events, another configuration, the same partition', async () => {
  const misfits: [LedgerBatch, LedgerBatch][] = [
    [batch(3, { events: 6 }), batch(4, { events: 5 })],
    [batch(3), batch(4, { epoch: 2n })],
    [batch(3), batch(4, { policy: 2 })],
    [batch(3), batch(3)],
  ];
  for (const [first, second] of misfits) {
    const { commits, transactions, endAll } = world();
    const all = [batch(1), batch(2), first, second].map((one) => commits.write(one));
    await endAll();
    await Promise.all(all);
    assert.equal(transactions.length, 4, transactions.join(' '));
  }
});

test('what can not be written together is written alone, each with its own outcome', async () => {
  const { commits, transactions, endAll } = world({ togetherEnds: () => undefined });
  const all = [1, 2, 3, 9].map((partition) => commits.write(batch(partition)));
  await endAll();
  assert.deepEqual(await Promise.all(all), [DONE, DONE, DONE, LOST]);
  assert.deepEqual(transactions, ['1', '2', '3+9', '3', '9']);
});

test('when Postgres is away all of them hear it at once; any other error is found by writing each alone', async () => {
  for (const [message, expected] of [
    ['away', ['rejected', 'rejected']],
    ['a number out of range', ['fulfilled', 'fulfilled']],
  ] as const) {
    const { commits, endAll } = world({
      togetherEnds: () => {
        throw new Error(message);
      },
    });
    const all = [1, 2, 3, 4].map((partition) => commits.write(batch(partition)));
    const settled = Promise.allSettled(all);
    await endAll();
    assert.deepEqual(
      (await settled).slice(2).map(({ status }) => status),
      expected,
    );
  }
});
