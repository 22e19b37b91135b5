import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anthropicPrices } from '@bursar/pricing/anthropic-prices';
import { formatUsd } from '@bursar/pricing/money';
import { indexPriceBook } from '@bursar/pricing/price-index';
import { oracleOf, trafficKey, usageEvent } from '../../test/harness/traffic.ts';
import { compileCounting } from './counting.ts';
import { priceRecords } from './price-records.ts';
import { type CountedRecord, sumRecords } from './sum-records.ts';

const prices = indexPriceBook(anthropicPrices);
const counting = compileCounting({
  measures: [
    {
      measureId: 7,
      selectKind: 'role',
      selectName: 'USER',
      eachKind: 'key',
      metric: 'cost',
      period: 'day',
      timezone: 'Europe/Berlin',
      resolved: undefined,
      countedFrom: new Date(0),
    },
    {
      measureId: 8,
      selectKind: 'service',
      selectName: 'search',
      eachKind: 'together',
      metric: 'requests',
      period: 'hour',
      timezone: 'UTC',
      resolved: undefined,
      countedFrom: new Date('9000-01-01'),
    },
  ],
});

const keys = Array.from({ length: 3 }, trafficKey);
const keyRefOf = (sha256: string) => keys.findIndex((key) => key.sha256 === sha256) + 1;

function counted(events: ReturnType<typeof usageEvent>[]): CountedRecord[] {
  const usage = events.map((event, index) => ({ event, occurredAtMs: Date.parse(event.time), offset: BigInt(index) }));
  return priceRecords(usage, prices, { keyRefOf: ({ key }) => keyRefOf(key.sha256), workspaceOf: () => undefined }).map(
    (record) => ({
      ...record,
      dimensionId: record.dimension.key_ref,
      emitterBootId: 1,
      countedBy: counting.countedBy(record.dimension),
    }),
  );
}

const all = { isFresh: () => true, isNewlyQuarantined: () => true, mostSeqOf: () => 1_000_000 };
const nothingTold = { repeats: [], emitters: [], refused: [] };

test('cells, windows and emitters of a batch equal plain sums, without what is not fresh', () => {
  const events = Array.from({ length: 200 }, (_, index) => usageEvent(keys[index % 3]!));
  const stale = new Set(events.slice(0, 20).map((event) => event.id));
  const expected = oracleOf(events.slice(20));
  const sums = sumRecords(counted(events), nothingTold, 4, {
    ...all,
    isFresh: (id) => !stale.has(id),
  });
  for (const cells of [sums.minutes, sums.quarterHours]) {
    assert.equal(
      cells.reduce((sum, cell) => sum + cell.requests, 0),
      expected.requests,
    );
    assert.equal(
      cells.reduce((sum, cell) => sum + cell.input_tokens, 0),
      expected.inputTokens,
    );
    assert.equal(
      cells.reduce((sum, cell) => sum + cell.output_tokens, 0),
      expected.outputTokens,
    );
  }
  const cost = sums.windows.reduce((sum, window) => sum + BigInt(window.total.replace('.', '')), 0n);
  assert.equal(formatUsd(cost), formatUsd(expected.costPicoUsd));
  assert.deepEqual(
    sums.windows.map((window) => window.subject),
    ['1', '2', '3'],
  );
  assert.deepEqual([sums.emitters[0]?.seen, sums.emitters[0]?.duplicates], [180, 20]);
});

test('a retry of the same call is no further request', () => {
  const retries = [0, 1, 2].map((attempt) => usageEvent(keys[0]!, { attempt }));
  const sums = sumRecords(counted(retries), nothingTold, 0, all);
  assert.equal(
    sums.quarterHours.reduce((sum, cell) => sum + cell.requests, 0),
    1,
  );
});

test('a window that began before its measure was kept is left alone', () => {
  const sums = sumRecords(counted([usageEvent(keys[0]!)]), nothingTold, 0, all);
  assert.deepEqual(
    sums.windows.map((window) => window.measure_id),
    [7],
  );
});

test('cost without a known price is provisional in its window', () => {
  const event = usageEvent(keys[0]!, { servedModel: 'claude-unheard-of-9', requestedModel: 'claude-unheard-of-9' });
  const [window] = sumRecords(counted([event]), nothingTold, 0, all).windows;
  assert.equal(window?.provisional, window?.total);
  assert.notEqual(window?.total, '0.000000000000');
});
