import type { UsageEvent } from '@bursar/events/cloudevent';
import type { Draw } from './draw.ts';
import { type TablePrice, WEB_SEARCH_PICO } from './price-table.ts';

/** Of whom and what a cell is the sum: the ledger's dimension, in words. */
export type CellName = {
  readonly sha256: string;
  readonly role: string;
  readonly workspaceId: string;
  readonly service: string;
  readonly principal: string;
  readonly model: string;
  readonly priceRow: string;
  readonly usageBasis: string;
};
export type CellSums = {
  requests: bigint;
  errors: bigint;
  input: bigint;
  output: bigint;
  read: bigint;
  write5m: bigint;
  write1h: bigint;
  searches: bigint;
  firmPico: bigint;
  estimatedPico: bigint;
  provisionalPico: bigint;
};
/** What happened in one minute. */
export type OracleCell = { readonly bucketMs: number; readonly name: CellName; readonly sums: CellSums };

const MINUTE_MS = 60_000;

/** Adds up what the generator thought up, each request once. It never sees Kafka or Postgres. */
export class Oracle {
  readonly cells = new Map<string, OracleCell>();
  readonly seqByEmitter = new Map<string, number>();
  events = 0;

  count({ data, time }: UsageEvent, draw: Draw): void {
    const bucketMs = Math.floor(Date.parse(time) / MINUTE_MS) * MINUTE_MS;
    const name: CellName = {
      sha256: data.key.sha256,
      role: data.role,
      workspaceId: data.workspaceId ?? '',
      service: data.service,
      principal: data.principal ?? '',
      model: data.servedModel ?? data.requestedModel,
      priceRow: draw.price?.row ?? 'none',
      usageBasis: data.usageBasis,
    };
    const key = `${bucketMs}/${Object.values(name).join('/')}`;
    const cell = this.cells.get(key) ?? { bucketMs, name, sums: nothing() };
    this.cells.set(key, cell);
    add(cell.sums, draw);
    this.seqByEmitter.set(data.emitter.id, data.emitter.seq);
    this.events++;
  }
}

export function nothing(): CellSums {
  return {
    requests: 0n,
    errors: 0n,
    input: 0n,
    output: 0n,
    read: 0n,
    write5m: 0n,
    write1h: 0n,
    searches: 0n,
    firmPico: 0n,
    estimatedPico: 0n,
    provisionalPico: 0n,
  };
}

/** Adds sums to sums. */
export function merge(into: CellSums, more: CellSums): CellSums {
  for (const name of Object.keys(into) as (keyof CellSums)[]) into[name] += more[name];
  return into;
}

function add(sums: CellSums, { fields, tokens, searches, price, inBatch, inUs }: Draw): void {
  sums.requests += fields.attempt === 0 ? 1n : 0n;
  sums.errors += fields.outcome === 'http_error' ? 1n : 0n;
  sums.input += BigInt(tokens.input);
  sums.output += BigInt(tokens.output);
  sums.read += BigInt(tokens.read);
  sums.write5m += BigInt(tokens.write5m);
  sums.write1h += BigInt(tokens.write1h);
  sums.searches += BigInt(searches);
  if (price === undefined) return;
  const basis =
    price.row === 'unknown' ? 'provisionalPico' : fields.usageBasis === 'estimated' ? 'estimatedPico' : 'firmPico';
  sums[basis] += costPico(tokens, price, inBatch, inUs) + BigInt(searches) * WEB_SEARCH_PICO;
}

/** Every price is a multiple of 20 pico-dollars, so half of it and eleven tenths of it are whole: nothing is rounded. */
function costPico(tokens: Draw['tokens'], price: TablePrice, inBatch: boolean, inUs: boolean): bigint {
  const list =
    BigInt(tokens.input) * price.input +
    BigInt(tokens.output) * price.output +
    BigInt(tokens.read) * price.read +
    BigInt(tokens.write5m) * price.write5m +
    BigInt(tokens.write1h) * price.write1h;
  const [times, over] = inUs ? price.usFactor : [1n, 1n];
  return (list * times) / over / (inBatch ? 2n : 1n);
}
