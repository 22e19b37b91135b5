import type { Pool } from '@bursar/db/pool';
import { eventually } from '../../../infra/local/eventually.ts';
import { type ServiceProcess, startService } from '../../../infra/local/service-process.ts';
import { aggregatorEnv } from '../../harness/aggregator.ts';
import { freshDatabase } from '../../harness/database.ts';
import { type FreshTopics, freshTopics } from '../../harness/kafka.ts';
import { testPool } from '../../harness/ledger.ts';
import { submitBenchPolicy } from './policy.ts';

/** A database and topics of a measurement's own, with four windows per event. */
export type BenchChain = {
  readonly db: Pool;
  readonly kafka: FreshTopics;
  /** Starts the aggregator as the process that it is in production. */
  startAggregator(env?: Record<string, string>): Promise<ServiceProcess>;
  /** Waits until this many records are in the ledger. */
  untilStored(count: number): Promise<void>;
} & AsyncDisposable;

const STORED_TIMEOUT_MS = 240_000;

export async function openChain(name: string, { isSigned = false } = {}): Promise<BenchChain> {
  const onExit = new AsyncDisposableStack();
  const database = onExit.use(await freshDatabase(`bench ${name}`));
  const db = onExit.use(testPool(database.url));
  const kafka = await freshTopics();
  await submitBenchPolicy(db, isSigned);
  return {
    db,
    kafka,
    startAggregator: async (env = {}) =>
      onExit.use(await startService('services/aggregator/main.ts', { ...aggregatorEnv(database.url, kafka), ...env })),
    untilStored: (count) =>
      eventually(`${count} records are in the ledger`, async () => isStored(db, count), STORED_TIMEOUT_MS).then(
        () => {},
      ),
    [Symbol.asyncDispose]: () => onExit.disposeAsync(),
  };
}

/** Where the ledger stands on a topic that began empty; counting rows instead would be work for the database. */
async function isStored(db: Pool, count: number): Promise<boolean> {
  const { rows } = await db.query<{ stored: string | null }>('select sum(next_offset) as stored from kafka_offset');
  return Number(rows[0]!.stored) >= count;
}
