import { writeBatch } from '@bursar/db/ledger/write-batch';
import type { Pool } from '@bursar/db/pool';
import { createLog } from '@bursar/runtime/log';
import { ConfigurationKeeper } from '../../../services/aggregator/configuration-keeper.ts';
import { createBatchWriter } from '../../../services/aggregator/create-batch-writer.ts';
import { readyPostgres } from '../../../services/aggregator/dependencies.ts';
import { createMetrics } from '../../../services/aggregator/metrics.ts';
import { SpeakersKeeper } from '../../../services/aggregator/speakers/speakers-keeper.ts';
import { measureCopyOnly } from '../ceilings/copy-only.ts';
import { benchKeys } from '../traffic/full-event.ts';
import { emptyOracle } from '../traffic/oracle.ts';
import { openChain } from './bench-chain.ts';
import { KEYS } from './chain.ts';
import { isExact } from './exact.ts';
import { prepareBatches, TOPIC, type Workbench } from './prepare-batches.ts';

export type Step = { perS: number; batch: number /** Adding up in Node, as a share of the time. */; sumShare: number };
export type DatabaseFigures = {
  steps: Step[];
  lanes: { n: number; perS: number }[];
  copyPerS: number;
  exact: boolean;
};

const SIZES = [1_000, 5_000, 10_000];
const MOST_LANES = 3;

/**
 * The transaction of a batch alone: `writeBatch` on batches that were read and priced beforehand, in a ledger that already
 * holds rows; then the same on several lanes at once, whose batches share two windows; then COPY of the rows and nothing else.
 */
export async function measureDatabase(eventsPerStep: number): Promise<DatabaseFigures> {
  await using chain = await openChain('database step');
  const bench = await openWorkbench(chain.db);
  await step(bench, 5_000, 25_000);
  const steps: Step[] = [];
  for (const size of SIZES) steps.push(await step(bench, size, eventsPerStep));
  const lanes: { n: number; perS: number }[] = [];
  for (let n = 1; n <= MOST_LANES; n++) lanes.push({ n, perS: await onLanes(bench, n, eventsPerStep) });
  const exact = await isExact(chain.db, bench.oracle);
  return { steps, lanes, copyPerS: await measureCopyOnly(chain.db, eventsPerStep), exact };
}

async function openWorkbench(pool: Pool): Promise<Workbench> {
  const log = createLog({ service: 'bench', level: 'warn' });
  await readyPostgres(pool, { timeoutMs: 10_000, log });
  const metrics = createMetrics();
  const configuration = new ConfigurationKeeper(pool, log, metrics);
  await configuration.keep();
  const speakers = new SpeakersKeeper({ pool, folder: undefined, configuration, metrics });
  const ledger = { pool, topic: TOPIC, clusterId: TOPIC, owner: TOPIC, configuration };
  const writer = createBatchWriter({ ...ledger, lanes: 2, speakers, metrics, log, onNewKey: () => {} });
  return {
    ...{ pool, writer, keys: benchKeys(KEYS) },
    ...{ oracle: emptyOracle(), sumClock: { ms: 0 } },
  };
}

async function step(bench: Workbench, size: number, events: number): Promise<Step> {
  const batches = await prepareBatches(bench, { partition: 0, size, batches: Math.ceil(events / size) });
  bench.sumClock.ms = 0;
  const startedAtMs = performance.now();
  await writeAll(bench.pool, batches);
  const tookMs = performance.now() - startedAtMs;
  return { perS: (batches.length * size) / (tookMs / 1_000), batch: size, sumShare: bench.sumClock.ms / tookMs };
}

async function onLanes(bench: Workbench, n: number, events: number): Promise<number> {
  const size = 5_000;
  const batches = Math.ceil(events / size / 2);
  const lanes = [];
  for (let partition = 1; partition <= n; partition++)
    lanes.push(await prepareBatches(bench, { partition, size, batches }));
  const startedAtMs = performance.now();
  await Promise.all(lanes.map((lane) => writeAll(bench.pool, lane)));
  return (n * batches * size) / ((performance.now() - startedAtMs) / 1_000);
}

async function writeAll(pool: Pool, batches: Awaited<ReturnType<typeof prepareBatches>>): Promise<void> {
  for (const batch of batches) {
    const written = await writeBatch(pool, batch);
    if (written.state === 'lost') throw new Error(`a prepared batch was lost at offset ${written.nextOffset}`);
  }
}
