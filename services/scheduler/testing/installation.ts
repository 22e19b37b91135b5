import { activatePolicy } from '@bursar/db/configuration/activate';
import type { Rules } from '@bursar/db/configuration/rules';
import { submitPolicy } from '@bursar/db/configuration/submit-policy';
import { type Dimension, dimensionName, ensureDimensions } from '@bursar/db/ledger/dimensions';
import { ensureKeyRefs } from '@bursar/db/ledger/identities';
import { ensurePartitions } from '@bursar/db/ledger/partitions';
import { openPool, type Pool } from '@bursar/db/pool';
import { type Limit, makeMeasure, type Policy, selected } from '@bursar/policy/policy';
import { policyToJson } from '@bursar/policy/policy-json';
import { freshDatabase } from '../../../test/harness/database.ts';

const DAY_MS = 86_400_000;
const PICO = 1_000_000_000_000n;

/** A database of its own with partitions around now, for one test. */
export async function freshInstallation(): Promise<{ pool: Pool; url: string } & AsyncDisposable> {
  const database = await freshDatabase('scheduler');
  const pool = openPool(database.url, { name: 'scheduler test' });
  await ensurePartitions(pool, new Date(Date.now() - DAY_MS), new Date(Date.now() + DAY_MS));
  return {
    pool,
    url: database.url,
    async [Symbol.asyncDispose]() {
      await pool.end();
      await database[Symbol.asyncDispose]();
    },
  };
}

type LimitParts = Partial<Omit<Limit, 'measure'>> & Pick<Limit['measure'], 'select' | 'metric' | 'period'>;

/** A limit of 100 dollars, tokens or requests that warns at 80 %, each key by itself, on Berlin's calendar, unless told otherwise. */
export function limitOf({ select, metric, period, ...rest }: LimitParts & { each?: Limit['measure']['each'] }): Limit {
  const { each = 'key', ...limit } = rest;
  return {
    name: `${metric} per ${period}`,
    measure: makeMeasure({ select, each, metric, period, timezone: 'Europe/Berlin' }),
    amount: metric === 'cost' ? 100n * PICO : 100n,
    warnAtPercent: [80],
    onBreach: 'suspend',
    resume: { kind: 'next_period' },
    afterMs: 0,
    ...limit,
  };
}

/** Puts a policy of these limits and key entries in force, as the aggregator would. */
export async function putInForce(pool: Pool, parts: Partial<Pick<Policy, 'limits' | 'keys'>>): Promise<number> {
  const policy: Policy = {
    organization: { name: 'Acme', timezone: 'Europe/Berlin' },
    families: {},
    roles: {},
    environments: { production: ['Production'] },
    keys: [],
    events: { requireSignature: [], acceptUnsigned: false },
    limits: [],
    enforcement: { mode: 'observe', caps: { per10Minutes: 5, perHour: 20, perDay: { count: 10 } } },
    ...parts,
  };
  const submission = { contentHash: 'test', source: '', policyJson: policyToJson(policy), reason: 'test' };
  const versionId = await submitPolicy(pool, submission);
  await activatePolicy(pool, versionId, rulesOf(policy.limits));
  return versionId;
}

function rulesOf(limits: readonly Limit[]): Rules {
  const amountOf = ({ measure }: Limit, amount: bigint) =>
    measure.metric === 'cost' ? `${amount / PICO}.${(amount % PICO).toString().padStart(12, '0')}` : `${amount}`;
  return {
    measures: limits.map(({ measure: { id, select, each, metric, period, timezone } }) => {
      const [kind, name] = selected(select);
      return { definition: id, select_kind: kind, select_name: name, each_kind: each, metric, period, timezone };
    }),
    limits: limits.map((limit) => ({
      name: limit.name,
      definition: limit.measure.id,
      amount: amountOf(limit, limit.amount),
      on_breach: limit.onBreach,
      resume_kind: 'next_period',
      resume_after_ms: null,
      stands_for_ms: limit.afterMs,
    })),
    thresholds: limits.flatMap((limit) =>
      [...limit.warnAtPercent, 100].map((percent) => ({
        limit_name: limit.name,
        definition: limit.measure.id,
        percent,
        kind: percent === 100 ? ('limit' as const) : ('warning' as const),
        amount: amountOf(limit, (limit.amount * BigInt(percent)) / 100n),
      })),
    ),
  };
}

export type Usage = {
  at: Date;
  key: string;
  requests?: number;
  tokens?: number;
  costUsd?: string;
  provisionalUsd?: string;
};

/** Adds usage to both cubes, and to nothing else. Returns the key's number. The key is named by its hint. */
export async function addUsage(pool: Pool, usage: Usage, where: Partial<Dimension> = {}): Promise<number> {
  const sha256 = Buffer.from(usage.key).toString('hex').padEnd(64, '0');
  const refs = await ensureKeyRefs(pool, [{ sha256, hint: usage.key, declaredApiKeyId: null, vouchedBy: '' }]);
  const key_ref = refs.get(sha256)!;
  const unknown = {
    workspace_id: '',
    service: '',
    principal: '',
    model: '',
    price_row: '',
    usage_basis: 'reported',
  } as const;
  const dimension: Dimension = { key_ref, role: 'USER', ...unknown, ...where };
  const dimensionId = (await ensureDimensions(pool, [dimension])).get(dimensionName(dimension));
  for (const [cube, minutes] of [
    ['usage_minute', 1],
    ['usage_quarter_hour', 15],
  ] as const) {
    await pool.query(
      `insert into ${cube} as cell (bucket, dimension_id, requests, errors, input_tokens, output_tokens, cache_read_tokens,
         cache_write_5m_tokens, cache_write_1h_tokens, web_searches, cost_firm_usd, cost_estimated_usd, cost_provisional_usd)
       values (date_bin($1 * interval '1 minute', $2, '2000-01-01Z'), $3, $4, 0, $5, 0, 0, 0, 0, 0, $6, 0, $7)
       on conflict (bucket, dimension_id) do update
       set requests = cell.requests + excluded.requests, input_tokens = cell.input_tokens + excluded.input_tokens,
           cost_firm_usd = cell.cost_firm_usd + excluded.cost_firm_usd,
           cost_provisional_usd = cell.cost_provisional_usd + excluded.cost_provisional_usd`,
      [
        minutes,
        usage.at,
        dimensionId,
        usage.requests ?? 0,
        usage.tokens ?? 0,
        usage.costUsd ?? '0',
        usage.provisionalUsd ?? '0',
      ],
    );
  }
  return key_ref;
}
