import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { clusterId } from '@bursar/bus/admin';
import { migrate } from '@bursar/db/migrate';
import { openPool, type Pool } from '@bursar/db/pool';
import { anthropicPrices } from '@bursar/pricing/anthropic-prices';
import { createLog } from '@bursar/runtime/log';
import { putInForce } from '../../infra/demo/policy.ts';
import { ConfigurationKeeper } from '../../services/aggregator/configuration-keeper.ts';
import { readyPostgres } from '../../services/aggregator/dependencies.ts';
import { createMetrics } from '../../services/aggregator/metrics.ts';
import { SpeakersKeeper } from '../../services/aggregator/speakers/speakers-keeper.ts';
import { createUsageLoop } from '../../services/aggregator/usage-loop.ts';
import { ledgerSums } from '../harness/ledger.ts';
import type { Traffic } from './produce.ts';

/** Four windows per event. */
const POLICY = `organization: { name: Bench, timezone: Europe/Berlin }
roles: { USER: { models: ["*"] } }
environments: { production: [Production] }
keys: { entries: [{ name: k, service: search, owner: o@acme.example, environment: production, role: USER }] }
limits:
  - { name: each key a month, role: USER, each: key, period: month, budget: 1000000 USD }
  - { name: each key a day, role: USER, each: key, period: day, budget: 1000000 USD }
  - { name: service, service: search, period: month, budget: 1000000 USD }
  - { name: role, role: USER, period: hour, budget: 1000000000000 tokens }
`;

export type ChainFigures = { eventsPerSecond: number; databaseEventsPerSecond: number; bytesPerEvent: number };

/** The aggregator's own loop, from Kafka into a new database, checked against the generator's sums. */
export async function measureChain(brokers: string[], serverUrl: string, traffic: Traffic): Promise<ChainFigures> {
  const pool = await newDatabase(serverUrl);
  const log = createLog({ service: 'bench', level: 'warn' });
  const metrics = createMetrics();
  await readyPostgres(pool, anthropicPrices, { timeoutMs: 10_000, log });
  const configuration = new ConfigurationKeeper(pool, log, metrics);
  const keeping = setInterval(() => void configuration.keep(), 200);
  await putInForce(pool, POLICY, 'bench.yaml', 'bench');
  const kafka = { brokers, clientId: 'bursar-bench' };
  const speakers = new SpeakersKeeper({ pool, folder: undefined, configuration, metrics });
  const loop = createUsageLoop({
    ...{ kafka, clusterId: await clusterId(kafka), topic: traffic.topic, groupId: `${traffic.prefix}.chain`, lanes: 2 },
    ...{ pool, configuration, speakers, metrics, log, onNewKey: () => {} },
  });
  const stop = new AbortController();
  const running = loop.run(stop.signal);
  const eventsPerSecond = await untilAllStored(pool, traffic.count);
  stop.abort();
  await running;
  clearInterval(keeping);
  const sums = await ledgerSums(pool);
  for (const [way, sum] of Object.entries(sums)) assert.deepEqual(sum, traffic.oracle, `by ${way}`);
  const timed = (await metrics.batchSeconds.get()).values.find(({ metricName }) => metricName?.endsWith('_sum'));
  const { rows } = await pool.query<{ bytes: string }>(
    `select sum(pg_total_relation_size(inhrelid)) as bytes from pg_inherits where inhparent = 'usage_event'::regclass`,
  );
  await pool.end();
  return {
    eventsPerSecond,
    databaseEventsPerSecond: traffic.count / (timed?.value ?? Number.NaN),
    bytesPerEvent: Number(rows[0]!.bytes) / traffic.count,
  };
}

async function newDatabase(serverUrl: string): Promise<Pool> {
  const name = `bursar_bench_${randomBytes(4).toString('hex')}`;
  const server = openPool(serverUrl, { name: 'bursar bench' });
  await server.query(`create database ${name}`);
  await server.end();
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  await migrate(url.href);
  return openPool(url.href, { name: 'bursar bench', max: 6 });
}

/** Events per second from the first stored to the last, by the database's clock. */
async function untilAllStored(pool: Pool, count: number): Promise<number> {
  for (;;) {
    const { rows } = await pool.query<{ stored: string; seconds: string | null }>(
      `select count(*) as stored, extract(epoch from max(stored_at) - min(stored_at)) as seconds from usage_event`,
    );
    const { stored, seconds } = rows[0]!;
    if (Number(stored) >= count) return count / Number(seconds);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
}
