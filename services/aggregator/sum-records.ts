import type { CubeRow, WindowRow } from '@bursar/db/ledger/rows';
import type { Sums } from '@bursar/db/ledger/sums';
import { formatUsd } from '@bursar/pricing/money';
import type { Counted } from './counting.ts';
import type { PricedRecord } from './price-records.ts';
import type { Readings } from './read-records.ts';
import { type Judgement, sumEmitters } from './sum-emitters.ts';

const MINUTE_MS = 60_000;
const FAILED = new Set(['http_error', 'transport_error', 'truncated']);

export type CountedRecord = PricedRecord & {
  dimensionId: number;
  emitterBootId: number;
  countedBy: readonly Counted[];
};

/** Adds up one partition's batch. Pure; every list comes out sorted by its table's key. */
export function sumRecords(
  records: readonly CountedRecord[],
  told: Pick<Readings, 'repeats' | 'emitters' | 'refused'>,
  partition: number,
  judgement: Judgement,
): Sums {
  const fresh = records.filter((record) => judgement.isFresh(record.event.id));
  return {
    minutes: sumCells(fresh, MINUTE_MS),
    quarterHours: sumCells(fresh, 15 * MINUTE_MS),
    windows: sumWindows(fresh),
    ...sumEmitters(records, told, partition, judgement),
  };
}

type Cell = Omit<CubeRow, 'bucket' | 'cost_firm_usd' | 'cost_estimated_usd' | 'cost_provisional_usd'> & {
  bucketMs: number;
  costPicoUsd: { firm: bigint; estimated: bigint; provisional: bigint };
};

function sumCells(records: readonly CountedRecord[], widthMs: number): CubeRow[] {
  const cells = new Map<string, Cell>();
  for (const record of records) {
    const bucketMs = Math.floor(record.occurredAtMs / widthMs) * widthMs;
    const name = `${bucketMs}/${record.dimensionId}`;
    const cell = cells.get(name) ?? emptyCell(bucketMs, record.dimensionId);
    cells.set(name, cell);
    addToCell(cell, record);
  }
  return [...cells.values()].sort((a, b) => a.bucketMs - b.bucketMs || a.dimension_id - b.dimension_id).map(cubeRow);
}

function emptyCell(bucketMs: number, dimensionId: number): Cell {
  return {
    bucketMs,
    dimension_id: dimensionId,
    requests: 0,
    errors: 0,
    input_tokens: 0,
    output_tokens: 0,
    cache_read_tokens: 0,
    cache_write_5m_tokens: 0,
    cache_write_1h_tokens: 0,
    web_searches: 0,
    costPicoUsd: { firm: 0n, estimated: 0n, provisional: 0n },
  };
}

function addToCell(cell: Cell, record: CountedRecord): void {
  const { tokens } = record;
  cell.requests += requestsOf(record);
  cell.errors += FAILED.has(record.event.data.outcome) ? 1 : 0;
  cell.input_tokens += tokens.input;
  cell.output_tokens += tokens.output;
  cell.cache_read_tokens += tokens.cacheRead;
  cell.cache_write_5m_tokens += tokens.cacheWrite5m;
  cell.cache_write_1h_tokens += tokens.cacheWrite1h;
  cell.web_searches += record.webSearches;
  cell.costPicoUsd[record.costBasis] += record.costPicoUsd;
}

/** A call counts once, at its first attempt, however often the SDK tried again. */
function requestsOf(record: CountedRecord): number {
  return record.event.data.attempt === 0 ? 1 : 0;
}

function cubeRow({ bucketMs, costPicoUsd, ...counters }: Cell): CubeRow {
  return {
    bucket: new Date(bucketMs).toISOString(),
    ...counters,
    cost_firm_usd: formatUsd(costPicoUsd.firm),
    cost_estimated_usd: formatUsd(costPicoUsd.estimated),
    cost_provisional_usd: formatUsd(costPicoUsd.provisional),
  };
}

type WindowSum = { counted: Counted; startMs: number; endMs: number; total: bigint; provisional: bigint };

function sumWindows(records: readonly CountedRecord[]): WindowRow[] {
  const sums = new Map<string, WindowSum>();
  for (const record of records) {
    for (const counted of record.countedBy) {
      const window = counted.windowAt(record.occurredAtMs);
      if (window === undefined) continue;
      const name = `${counted.measureId}/${counted.subject}/${window.startMs}`;
      const sum = sums.get(name) ?? { counted, ...window, total: 0n, provisional: 0n };
      sums.set(name, sum);
      const amount = amountOf(record, counted.metric);
      sum.total += amount;
      if (counted.metric === 'cost' && record.costBasis === 'provisional') sum.provisional += amount;
    }
  }
  return [...sums.values()].sort(byWindowKey).map(windowRow);
}

/** Pico-dollars, tokens or requests. */
function amountOf(record: CountedRecord, metric: Counted['metric']): bigint {
  if (metric === 'cost') return record.costPicoUsd;
  if (metric === 'requests') return BigInt(requestsOf(record));
  const { input, output, cacheRead, cacheWrite5m, cacheWrite1h } = record.tokens;
  return BigInt(input + output + cacheRead + cacheWrite5m + cacheWrite1h);
}

function byWindowKey(a: WindowSum, b: WindowSum): number {
  if (a.counted.measureId !== b.counted.measureId) return a.counted.measureId - b.counted.measureId;
  if (a.counted.subject !== b.counted.subject) return a.counted.subject < b.counted.subject ? -1 : 1;
  return a.startMs - b.startMs;
}

function windowRow({ counted, startMs, endMs, total, provisional }: WindowSum): WindowRow {
  const amount = (value: bigint) => (counted.metric === 'cost' ? formatUsd(value) : value.toString());
  return {
    measure_id: counted.measureId,
    subject: counted.subject,
    window_start: new Date(startMs).toISOString(),
    window_end: new Date(endMs).toISOString(),
    total: amount(total),
    provisional: amount(provisional),
  };
}
