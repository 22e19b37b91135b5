import type { Pool } from '@bursar/db/pool';
import { picoUsd } from '../../harness/ledger.ts';
import { type CellSums, merge, nothing, type OracleCell } from '../traffic/oracle.ts';
import { type Comparison, compareMaps } from './difference.ts';

const CUBES = [
  { what: 'minute cell', table: 'usage_minute', widthMs: 60_000 },
  { what: 'quarter-hour cell', table: 'usage_quarter_hour', widthMs: 900_000 },
] as const;

/** Compares every cell of both cubes, each counter and each kind of cost. */
export async function compareCells(db: Pool, cells: readonly OracleCell[]): Promise<Comparison[]> {
  return Promise.all(
    CUBES.map(async ({ what, table, widthMs }) =>
      compareMaps(what, await ledgerCells(db, table), oracleCells(cells, widthMs)),
    ),
  );
}

function oracleCells(cells: readonly OracleCell[], widthMs: number): Map<string, string> {
  const wide = new Map<string, CellSums>();
  for (const { bucketMs, name, sums } of cells) {
    const key = cellName(Math.floor(bucketMs / widthMs) * widthMs, Object.values(name));
    wide.set(key, merge(wide.get(key) ?? nothing(), sums));
  }
  return new Map([...wide].map(([name, sums]) => [name, Object.values(sums).join(' ')]));
}

function cellName(bucketMs: number, parts: readonly string[]): string {
  return `${new Date(bucketMs).toISOString()} ${parts.join('/')}`;
}

async function ledgerCells(db: Pool, table: string): Promise<Map<string, string>> {
  const { rows } = await db.query<Record<string, string> & { bucket: Date }>(
    `select bucket, encode(sha256, 'hex') as sha256, role, workspace_id, service, principal, model, price_row, usage_basis,
            requests, errors, input_tokens, output_tokens, cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens,
            web_searches, cost_firm_usd, cost_estimated_usd, cost_provisional_usd
       from ${table} join dimension using (dimension_id) join key_identity using (key_ref)`,
  );
  return new Map(
    rows.map((row) => {
      const name = [
        row.sha256,
        row.role,
        row.workspace_id,
        row.service,
        row.principal,
        row.model,
        row.price_row,
        row.usage_basis,
      ];
      const counters = [row.requests, row.errors, row.input_tokens, row.output_tokens, row.cache_read_tokens];
      const rest = [row.cache_write_5m_tokens, row.cache_write_1h_tokens, row.web_searches];
      const costs = [row.cost_firm_usd, row.cost_estimated_usd, row.cost_provisional_usd].map((usd) => picoUsd(usd!));
      return [cellName(row.bucket.getTime(), name as string[]), [...counters, ...rest, ...costs].join(' ')];
    }),
  );
}
