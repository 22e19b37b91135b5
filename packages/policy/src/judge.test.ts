import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseUsd } from '@bursar/pricing/money';
import fc from 'fast-check';
import { capCount, judgeTotal } from './judge.ts';
import { type Limit, makeMeasure } from './policy.ts';

const limit: Limit = {
  name: 'search per month',
  measure: makeMeasure({
    select: { key: 'prod-search' },
    each: 'together',
    metric: 'cost',
    period: 'month',
    timezone: 'Europe/Berlin',
  }),
  amount: parseUsd('2'),
  warnAtPercent: [50, 80, 95],
  onBreach: 'suspend',
  resume: { kind: 'next_period' },
  afterMs: 0,
};

for (const [total, firmTotal, state, percent, crossed] of [
  ['0', '0', 'below', 0, []],
  ['0.999999999999', '0.999999999999', 'below', 49, []],
  ['1', '1', 'warning', 50, [50]],
  ['1.999999999999', '1.9', 'warning', 99, [50, 80, 95]],
  ['2', '2', 'over', 100, [50, 80, 95]],
  ['2.5', '2', 'over', 125, [50, 80, 95]],
  ['2', '1.999999999999', 'over_provisional', 100, [50, 80, 95]],
] as const) {
  test(`${total} USD, of which ${firmTotal} certain, of 2 USD is ${state}`, () => {
    const judged = judgeTotal(limit, { total: parseUsd(total), firmTotal: parseUsd(firmTotal) });
    assert.deepEqual([judged.state, judged.percent, judged.crossedPercents], [state, percent, [...crossed]]);
  });
}

test('a judgement explains itself in one sentence', () => {
  assert.equal(
    judgeTotal(limit, { total: parseUsd('2.14'), firmTotal: parseUsd('1.9') }).sentence,
    'search per month: key prod-search used 2.14 USD of 2.00 USD (107 %) this month: the limit is reached only with provisional prices; 1.90 USD are certain.',
  );
  const users = {
    ...limit,
    name: 'all',
    amount: 10n,
    measure: makeMeasure({ ...limit.measure, select: { role: '*' }, each: 'key', metric: 'requests', period: 'total' }),
  };
  assert.equal(
    judgeTotal(users, { total: 3n, firmTotal: 3n }).sentence,
    'all: a key of every role used 3 requests of 10 requests (30 %) in total: below the limit.',
  );
});

test('more use never lowers a judgement, and only certain cost can make it over', () => {
  const rank = { below: 0, warning: 1, over_provisional: 2, over: 3 };
  const pico = fc.bigInt({ min: 0n, max: parseUsd('4') });
  fc.assert(
    fc.property(pico, pico, pico, (firm, provisional, more) => {
      const before = judgeTotal(limit, { total: firm + provisional, firmTotal: firm });
      const after = judgeTotal(limit, { total: firm + provisional + more, firmTotal: firm + more });
      assert.ok(rank[after.state] >= rank[before.state]);
      assert.equal(before.state === 'over', firm >= limit.amount);
    }),
  );
});

for (const [cap, activeKeys, expected] of [
  [{ count: 5 }, 1000, 5],
  [{ percent: 10 }, 5, 1],
  [{ percent: 10 }, 0, 1],
  [{ percent: 10 }, 29, 2],
  [{ percent: 100 }, 29, 29],
] as const) {
  test(`a cap of ${JSON.stringify(cap)} over ${activeKeys} keys allows ${expected}`, () => {
    assert.equal(capCount(cap, activeKeys), expected);
  });
}
