import { readdir } from 'node:fs/promises';
import { clusterId, createTopics, topicRetention } from '@bursar/bus/admin';
import type { KafkaSettings } from '@bursar/bus/kafka-settings';
import { pruneEmitterQuarters, pruneEmitters } from '@bursar/db/ledger/emitters';
import { ensurePartitions } from '@bursar/db/ledger/partitions';
import { schemaFits } from '@bursar/db/migrate';
import type { Pool } from '@bursar/db/pool';
import { DEDUP_WINDOW_MS, type TopicSpec } from '@bursar/events/topics';
import { describeError } from '@bursar/runtime/describe-error';
import type { Log } from '@bursar/runtime/log';
import { ExitError, waitUntil } from '@bursar/runtime/service';

import { tooLongKept } from './topic-lifetime.ts';

const DAYS_AHEAD_MS = 3 * 86_400_000;

export type Away = { timeoutMs: number; log: Log };

/** Waits for a Postgres with a schema that this code fits, and readies the tables for what may arrive. */
export async function readyPostgres(pool: Pool, away: Away): Promise<void> {
  await waitUntil('Postgres', async () => void (await pool.query('select 1')), away);
  const fits = await schemaFits(pool);
  if (fits !== true) throw new ExitError(`Postgres can't be used: ${fits}`, 3);
  await readyPartitions(pool);
}

/** Accounts by the quarter of an hour are kept as long as the minute cube, those of whole boots as long as requests. */
const QUARTERS_KEPT_MS = 35 * 86_400_000;
const BOOTS_KEPT_MS = 100 * 86_400_000;

/** Partitions for every event that can still arrive and for the days ahead; old accounts of emitters are forgotten. */
export async function readyPartitions(pool: Pool): Promise<void> {
  const nowMs = Date.now();
  // An id may be as old as the dedup window, and its request may have ended a day before.
  const oldestMs = nowMs - DEDUP_WINDOW_MS - 86_400_000;
  await ensurePartitions(pool, new Date(oldestMs), new Date(nowMs + DAYS_AHEAD_MS));
  await pruneEmitterQuarters(pool, QUARTERS_KEPT_MS);
  await pruneEmitters(pool, BOOTS_KEPT_MS);
}

/** Tells at start that the folder of signing secrets can't be read: later it would cost every signed record. */
export async function readySecrets(folder: string | undefined): Promise<void> {
  if (folder === undefined) return;
  await readdir(folder).catch((error) => {
    throw new ExitError(`BURSAR_SIGNING_SECRETS_DIR can't be read: ${describeError(error)}`, 2);
  });
}

/**
 * Waits for Kafka, makes the topics that are missing and returns the cluster's id.
 * @throws ExitError (code 2) when the usage topic keeps records longer than their ids are known.
 */
export async function readyKafka(
  kafka: KafkaSettings,
  specs: Readonly<Record<string, TopicSpec>> & { readonly usage: TopicSpec },
  away: Away,
): Promise<string> {
  await waitUntil('Kafka', () => createTopics(kafka, Object.values(specs)), away);
  const { name } = specs.usage;
  const problem = tooLongKept(name, await topicRetention(kafka, name));
  if (problem !== undefined) throw new ExitError(problem, 2);
  return clusterId(kafka);
}
