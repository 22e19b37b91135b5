import { createKafka } from '@bursar/bus/kafka-settings';
import type { Pool } from '@bursar/db/pool';
import type { UsageEvent } from '@bursar/events/cloudevent';
import { eventually } from '../../../infra/local/eventually.ts';
import { type ServiceProcess, startService } from '../../../infra/local/service-process.ts';
import { aggregatorEnv } from '../../../test/harness/aggregator.ts';
import { freshDatabase } from '../../../test/harness/database.ts';
import { type FreshTopics, freshTopics } from '../../../test/harness/kafka.ts';
import { ledgerSums, testPool } from '../../../test/harness/ledger.ts';
import { oracleOf, recordOf, type TrafficKey, usageEvent } from '../../../test/harness/traffic.ts';

/** A record as any producer may send it. */
export type RawRecord = { key: string | null; value: Buffer | string | null; headers?: Record<string, string> };

export type Attacked = {
  readonly db: Pool;
  readonly databaseUrl: string;
  readonly kafka: FreshTopics;
  start(): Promise<ServiceProcess>;
  /** Sends to one partition, whatever the keys, so that good and bad stand side by side. */
  send(records: readonly RawRecord[], partition?: number): Promise<void>;
} & AsyncDisposable;

/** A database and topics of a test's own, to be attacked. */
export async function attacked(name: string): Promise<Attacked> {
  const onExit = new AsyncDisposableStack();
  const database = onExit.use(await freshDatabase(name));
  const db = onExit.use(testPool(database.url));
  const kafka = await freshTopics();
  const producer = createKafka({ brokers: kafka.brokers, clientId: 'bursar-attacker' }).producer();
  await producer.connect();
  onExit.defer(() => producer.disconnect());
  return {
    db,
    databaseUrl: database.url,
    kafka,
    start: async () =>
      onExit.use(await startService('services/aggregator/main.ts', aggregatorEnv(database.url, kafka))),
    send: async (records, partition = 0) => {
      const messages = records.map((record) => ({ ...record, partition }));
      await producer.send({ topic: kafka.topics.usage.name, messages });
    },
    [Symbol.asyncDispose]: () => onExit.disposeAsync(),
  };
}

/** Good events, as records and for the oracle. */
export function goodEvents(key: TrafficKey, count: number): { events: UsageEvent[]; records: RawRecord[] } {
  const events = Array.from({ length: count }, () => usageEvent(key));
  return { events, records: events.map(recordOf) };
}

/** Waits until these events, and no others, are what every table of the ledger adds up to. */
export async function untilExactly(db: Pool, events: readonly UsageEvent[], timeoutMs = 60_000): Promise<void> {
  const expected = oracleOf(events);
  await eventually(
    `the ledger adds up to ${expected.requests} requests`,
    async () => (await ledgerSums(db)).rows.requests >= expected.requests,
    timeoutMs,
  );
  const { rows, minutes, quarterHours } = await ledgerSums(db);
  for (const [table, sum] of Object.entries({ rows, minutes, quarterHours })) {
    const isExact = sum.requests === expected.requests && sum.costPicoUsd === expected.costPicoUsd;
    if (!isExact || sum.inputTokens !== expected.inputTokens || sum.outputTokens !== expected.outputTokens) {
      throw new Error(`${table} hold ${JSON.stringify(sum, text)}, not ${JSON.stringify(expected, text)}`);
    }
  }
}

const text = (_: string, value: unknown) => (typeof value === 'bigint' ? value.toString() : value);

/** What `/readyz` says as soon as it says this. */
export async function readyzSays(aggregator: ServiceProcess, what: RegExp): Promise<string> {
  return eventually(`readyz says ${what}`, async () => {
    const body = await (await fetch(`${aggregator.healthUrl}/readyz`)).text();
    return what.test(body) && body;
  });
}

/** The value of a metric, with its labels as they are printed. */
export async function metricOf(aggregator: ServiceProcess, name: string): Promise<number> {
  const body = await (await fetch(`${aggregator.healthUrl}/metrics`)).text();
  const line = body.split('\n').find((candidate) => candidate.startsWith(name));
  return Number(line?.split(' ').at(-1) ?? 0);
}
