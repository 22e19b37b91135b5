import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { UsageEvent } from '@bursar/events/cloudevent';
import { anthropicPrices } from '@bursar/pricing/anthropic-prices';
import { parseUsd } from '@bursar/pricing/money';
import { indexPriceBook } from '@bursar/pricing/price-index';
import fc from 'fast-check';
import { anyUsageEvent } from '../../test/harness/arbitrary-events.ts';
import { holds } from '../../test/harness/property.ts';
import { compileCounting } from './counting.ts';
import { priceRecords } from './price-records.ts';
import { type CountedRecord, sumRecords } from './sum-records.ts';

const MINUTE_MS = 60_000;
const prices = indexPriceBook(anthropicPrices);
const shas = ['a', 'b', 'c'].map((letter) => letter.repeat(64));
const keyRefOf = (sha256: string) => shas.indexOf(sha256) + 1;
const measure = {
  ...({
    selectKind: 'role',
    selectName: '*',
    eachKind: 'key',
    timezone: 'Europe/Berlin',
    resolved: undefined,
  } as const),
  countedFrom: new Date(0),
};
const counting = compileCounting({
  measures: [
    { ...measure, measureId: 1, metric: 'cost', period: 'day' },
    { ...measure, measureId: 2, metric: 'tokens', period: 'hour' },
    { ...measure, measureId: 3, metric: 'requests', period: 'month', eachKind: 'together' },
  ],
});

/** A few keys and models over a day and a half, so that many events meet in one cell, across a change of the clock. */
const anyBatch = fc
  .array(
    anyUsageEvent({
      sha256: fc.constantFrom(...shas),
      model: fc.constantFrom('claude-haiku-4-5', 'claude-opus-5-5', 'unheard-of'),
      occurredAt: { min: new Date('2026-10-24T20:00:00Z'), max: new Date('2026-10-26T02:00:00Z') },
    }),
    { minLength: 1, maxLength: 24 },
  )
  .map(counted);

function counted(events: UsageEvent[]): CountedRecord[] {
  const usage = events.map((event, index) => ({ event, occurredAtMs: Date.parse(event.time), offset: BigInt(index) }));
  return priceRecords(usage, prices, { keyRefOf: ({ key }) => keyRefOf(key.sha256), workspaceOf: () => undefined }).map(
    (record) => ({
      ...record,
      dimensionId: record.dimension.key_ref * 10 + ['firm', 'estimated', 'provisional'].indexOf(record.costBasis),
      emitterBootId: 1,
      countedBy: counting.countedBy(record.dimension),
    }),
  );
}

const nothingTold = { repeats: [], emitters: [], refused: [] };
const all = () => true;
const sums = (records: readonly CountedRecord[], isFresh: (id: string) => boolean = all) => {
  const judgement = { isFresh, isNewlyQuarantined: () => true, mostSeqOf: () => Number.MAX_SAFE_INTEGER };
  const { minutes, quarterHours, windows } = sumRecords(records, nothingTold, 0, judgement);
  return { minutes, quarterHours, windows };
};

type Row = Record<string, string | number>;
const KEY_OF: Record<string, readonly string[]> = {
  cell: ['bucket', 'dimension_id'],
  window: ['measure_id', 'subject', 'window_start', 'window_end'],
};

/** Rows of a table added up by their key, as text; money as pico-dollars. Plain maps: nothing is shared with the code. */
function added(rows: readonly object[], key: readonly string[], cut: (row: Row) => Row = (row) => row) {
  const total = new Map<string, Map<string, bigint>>();
  for (const given of rows as Row[]) {
    const row = cut(given);
    const name = key.map((column) => row[column]).join(' ');
    const sum = total.get(name) ?? new Map<string, bigint>();
    total.set(name, sum);
    for (const [column, value] of Object.entries(row)) {
      if (key.includes(column)) continue;
      const amount = typeof value === 'string' ? parseUsd(value) : BigInt(value);
      sum.set(column, (sum.get(column) ?? 0n) + amount);
    }
  }
  return [...total].sort().map(([name, sum]) => [name, [...sum].sort()]);
}

const addedAll = (parts: readonly ReturnType<typeof sums>[]) => ({
  minutes: added(
    parts.flatMap((part) => part.minutes),
    KEY_OF['cell']!,
  ),
  quarterHours: added(
    parts.flatMap((part) => part.quarterHours),
    KEY_OF['cell']!,
  ),
  windows: added(
    parts.flatMap((part) => part.windows),
    KEY_OF['window']!,
  ),
});

/** Each cell by the simplest means there are: look at every record, add it to a map. */
function oracle(records: readonly CountedRecord[], widthMs: number) {
  return added(
    records.map((record) => ({
      bucket: new Date(record.occurredAtMs - (record.occurredAtMs % widthMs)).toISOString(),
      dimension_id: record.dimensionId,
      requests: record.event.data.attempt > 0 ? 0 : 1,
      errors: ['http_error', 'transport_error', 'truncated'].filter((one) => one === record.event.data.outcome).length,
      input_tokens: record.tokens.input,
      output_tokens: record.tokens.output,
      cache_read_tokens: record.tokens.cacheRead,
      cache_write_5m_tokens: record.tokens.cacheWrite5m,
      cache_write_1h_tokens: record.tokens.cacheWrite1h,
      web_searches: record.webSearches,
      cost_firm_usd: picoText(record, 'firm'),
      cost_estimated_usd: picoText(record, 'estimated'),
      cost_provisional_usd: picoText(record, 'provisional'),
    })),
    KEY_OF['cell']!,
  );
}

function picoText({ costBasis, costPicoUsd }: CountedRecord, basis: string): string {
  const digits = (costBasis === basis ? costPicoUsd : 0n).toString().padStart(13, '0');
  return `${digits.slice(0, -12)}.${digits.slice(-12)}`;
}

test('both cubes are what adding record by record into a map gives', () => {
  holds(
    1_500,
    fc.property(anyBatch, (records) => {
      const { minutes, quarterHours } = addedAll([sums(records)]);
      assert.deepEqual(minutes, oracle(records, MINUTE_MS));
      assert.deepEqual(quarterHours, oracle(records, 15 * MINUTE_MS));
    }),
  );
});

test('the minutes of a quarter hour add up to the quarter hour', () => {
  const quarter = (row: Row): Row => {
    const ms = Date.parse(row['bucket'] as string);
    return { ...row, bucket: new Date(ms - (ms % (15 * MINUTE_MS))).toISOString() };
  };
  holds(
    1_000,
    fc.property(anyBatch, (records) => {
      const { minutes, quarterHours } = sums(records);
      assert.deepEqual(added(minutes, KEY_OF['cell']!, quarter), added(quarterHours, KEY_OF['cell']!));
    }),
  );
});

test('a batch cut anywhere, in any order, adds up to the same', () => {
  holds(
    1_000,
    fc.property(anyBatch, fc.nat(), fc.nat(), (records, cut, turn) => {
      const at = cut % (records.length + 1);
      const turned = [...records.slice(turn % records.length), ...records.slice(0, turn % records.length)].reverse();
      assert.deepEqual(sums(turned), sums(records));
      assert.deepEqual(addedAll([sums(records.slice(0, at)), sums(records.slice(at))]), addedAll([sums(records)]));
    }),
  );
});

test('what is fresh and what is not add up to all, whatever is fresh', () => {
  holds(
    1_000,
    fc.property(anyBatch, fc.nat(), (records, mask) => {
      const fresh = new Set(records.filter((_, index) => (mask >> (index % 31)) & 1).map(({ event }) => event.id));
      const parts = [sums(records, (id) => fresh.has(id)), sums(records, (id) => !fresh.has(id))];
      assert.deepEqual(addedAll(parts), addedAll([sums(records)]));
    }),
  );
});

test('every list comes out in the order of its table, with no key twice', () => {
  holds(
    500,
    fc.property(anyBatch, (records) => {
      const { minutes, quarterHours, windows } = sums(records);
      for (const cells of [minutes, quarterHours]) {
        const keys = cells.map((cell) => `${cell.bucket} ${String(cell.dimension_id).padStart(10)}`);
        assert.deepEqual(keys, [...new Set(keys)].sort());
      }
      const keys = windows.map((row) => `${row.measure_id} ${row.subject.padEnd(5)} ${row.window_start}`);
      assert.deepEqual(keys, [...new Set(keys)].sort());
    }),
  );
});
