import { openPool, type Pool } from '@bursar/db/pool';
import { eventually } from '../../infra/local/eventually.ts';
import type { Oracle } from './traffic.ts';

/** What the ledger says, by each of the ways in which it keeps the same sums. */
export type LedgerSums = Record<'rows' | 'minutes' | 'quarterHours', Oracle>;

export async function ledgerSums(db: Pool, where = 'true'): Promise<LedgerSums> {
  const [rows, minutes, quarterHours] = await Promise.all([
    sumOf(
      db,
      `select count(*) filter (where attempt = 0) as requests, sum(input_tokens) as input, sum(output_tokens) as output,
                      sum(cost_usd) as cost from usage_event join dimension using (dimension_id) where ${where}`,
    ),
    sumOf(db, cube('usage_minute', where)),
    sumOf(db, cube('usage_quarter_hour', where)),
  ]);
  return { rows, minutes, quarterHours };
}

function cube(table: string, where: string): string {
  return `select sum(requests) as requests, sum(input_tokens) as input, sum(output_tokens) as output,
                 sum(cost_firm_usd + cost_estimated_usd + cost_provisional_usd) as cost
            from ${table} join dimension using (dimension_id) where ${where}`;
}

async function sumOf(db: Pool, query: string): Promise<Oracle> {
  const { rows } = await db.query<{
    requests: string | null;
    input: string | null;
    output: string | null;
    cost: string | null;
  }>(query);
  const row = rows[0]!;
  return {
    requests: Number(row.requests ?? 0),
    inputTokens: Number(row.input ?? 0),
    outputTokens: Number(row.output ?? 0),
    costPicoUsd: picoUsd(row.cost ?? '0'),
  };
}

/** A decimal text in USD as pico-dollars, by string arithmetic. */
export function picoUsd(text: string): bigint {
  const [whole = '0', fraction = ''] = text.split('.');
  return BigInt(whole + fraction.padEnd(12, '0').slice(0, 12));
}

/** Waits until this many rows are stored, then a little longer is not needed: a batch is one transaction. */
export async function untilStored(db: Pool, count: number, timeoutMs = 60_000): Promise<void> {
  await eventually(
    `${count} events are stored`,
    async () => Number((await db.query('select count(*) from usage_event')).rows[0].count) >= count,
    timeoutMs,
  );
}

/** A pool that is closed at the end of the scope. */
export function testPool(url: string): Pool & AsyncDisposable {
  const pool = openPool(url, { name: 'bursar test' });
  return Object.assign(pool, { [Symbol.asyncDispose]: () => pool.end() });
}
