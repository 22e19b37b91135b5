import { randomUUID } from 'node:crypto';
import { activatePolicy } from '../src/configuration/activate.ts';
import { loadConfiguration } from '../src/configuration/measures.ts';
import { submitPolicy } from '../src/configuration/submit-policy.ts';
import { openOffset } from '../src/ledger/claim-offset.ts';
import { ensureDimensions } from '../src/ledger/dimensions.ts';
import { ensureKeyRefs } from '../src/ledger/identities.ts';
import { ensurePartitions } from '../src/ledger/partitions.ts';
import type { CubeRow, WindowRow } from '../src/ledger/rows.ts';
import type { Sums } from '../src/ledger/sums.ts';
import type { LedgerBatch } from '../src/ledger/write-batch.ts';
import type { Pool } from '../src/pool.ts';

const DAY_MS = 86_400_000;
const TOPIC = 'usage';
const definition = 'cost day UTC together service=search';
const measure = {
  ...{ definition, select_kind: 'service', select_name: 'search', each_kind: 'together' },
  ...{ metric: 'cost', period: 'day', timezone: 'UTC' },
};

export type LimitedLedger = { epoch: bigint; policyVersionId: number; measureId: number; dimensionIds: number[] };

/** A ledger with so many dimensions and partitions, and a limit on service search in USD per UTC day. */
export async function limitedLedger(
  db: Pool,
  { limit = '10', dimensions = 1, partitions = 1 } = {},
): Promise<LimitedLedger> {
  await ensurePartitions(db, new Date(Date.now() - DAY_MS), new Date(Date.now() + DAY_MS));
  const sha256 = randomUUID().replaceAll('-', '').repeat(2);
  const sighting = { sha256, hint: 'hint', declaredApiKeyId: null, vouchedBy: '' };
  const [keyRef] = (await ensureKeyRefs(db, [sighting])).values();
  const ids = await ensureDimensions(
    db,
    Array.from({ length: dimensions }, (_, index) => ({
      ...{ key_ref: keyRef!, role: 'USER', workspace_id: '', service: 'search', principal: `p${index}` },
      ...{ model: 'm', price_row: 'p', usage_basis: 'reported' as const },
    })),
  );
  await activateLimit(db, limit);
  for (let partition = 0; partition < partitions; partition++)
    await openOffset(db, { topic: TOPIC, partition, clusterId: 'c', owner: 'test', lowWatermark: 0n });
  const { epoch, policyVersionId, measures } = await loadConfiguration(db);
  const dimensionIds = [...ids.values()].sort((a, b) => a - b);
  return { epoch, policyVersionId: policyVersionId!, measureId: measures[0]!.measureId, dimensionIds };
}

/** Puts a policy in force whose only limit is this. */
export async function activateLimit(db: Pool, amount: string): Promise<void> {
  const version = await submitPolicy(db, { contentHash: amount, source: '', policyJson: {}, reason: 'test' });
  const rule = { name: 'L', definition, amount, on_breach: 'suspend', resume_kind: 'next_period' };
  await activatePolicy(db, version, {
    measures: [measure],
    limits: [{ ...rule, resume_after_ms: null, stands_for_ms: 0 }],
    thresholds: [{ limit_name: 'L', definition, percent: 100, kind: 'limit', amount }],
  });
}

export type Added = Partial<Sums> & { partition?: number; offset?: number; clusterId?: string };

/** A batch of one record without events that adds these sums. */
export function batchOf(
  { epoch, policyVersionId }: LimitedLedger,
  { partition = 0, offset = 0, clusterId = 'c', ...sums }: Added,
): LedgerBatch {
  return {
    claim: {
      ...{ topic: TOPIC, partition, clusterId, owner: 'test', epoch, lastSha256: new Uint8Array(32) },
      ...{ expectedOffset: BigInt(offset), nextOffset: BigInt(offset + 1) },
    },
    ...{ policyVersionId, rowForm: 'insert', closedBefore: new Date(0), events: [], quarantined: [] },
    sum: () => ({ minutes: [], quarterHours: [], emitters: [], emitterQuarters: [], windows: [], ...sums }),
  };
}

/** What one request of a dollar adds to a dimension's cell of this UTC day's first minute and quarter hour. */
export function cellOf(dimensionId: number): CubeRow {
  return {
    ...{ bucket: `${today()}T00:00:00Z`, dimension_id: dimensionId, requests: 1, errors: 0 },
    ...{ input_tokens: 1, output_tokens: 0, cache_read_tokens: 0, cache_write_5m_tokens: 0, cache_write_1h_tokens: 0 },
    ...{ web_searches: 0, cost_firm_usd: '1', cost_estimated_usd: '0', cost_provisional_usd: '0' },
  };
}

/** What so many dollars add to a subject's window of this UTC day. */
export function windowOf({ measureId }: LimitedLedger, total: string, subject = ''): WindowRow {
  const start = new Date(`${today()}T00:00:00Z`);
  return {
    ...{ measure_id: measureId, subject, window_start: start.toISOString() },
    window_end: new Date(start.getTime() + DAY_MS).toISOString(),
    ...{ total, provisional: '0' },
  };
}

function today(): string {
  return new Date().toISOString().slice(0, 10);
}
