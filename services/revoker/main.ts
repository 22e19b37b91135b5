import { openAdminClient } from '@bursar/admin-api/client';
import { kafkaConnection } from '@bursar/bus/kafka-connection';
import { createProducer } from '@bursar/bus/producer';
import { openPool } from '@bursar/db/pool';
import { topics } from '@bursar/events/topics';
import { configured } from '@bursar/runtime/exit-error';
import { runMain } from '@bursar/runtime/main';
import { type Part, runService } from '@bursar/runtime/service';
import { checkConfig, options } from './config.ts';
import { createRevokerMetrics } from './metrics.ts';
import { createRevoker, localPauseOf } from './revoker.ts';
import { signingKey } from './standing/signing-key.ts';
import { requireAdminApi, requireCredential, requireSchema } from './start.ts';
import { createWaker } from './wake.ts';

await runMain('revoker', options, async (config, log) => {
  checkConfig(config);
  const credential = requireCredential(config);
  const privateKey = signingKey(config.standingKeyFile, log);
  const client = openAdminClient({ credential, baseURL: config.anthropicBaseUrl });
  const pool = configured(() => openPool(config.databaseUrl, { name: 'bursar revoker', max: 12 }));
  const kafka = { ...configured(() => kafkaConnection(config)), clientId: 'bursar-revoker' };
  const producer = createProducer(kafka, (line) => log[line.level]({ kafka: line.namespace }, line.message));
  const metrics = createRevokerMetrics();
  const revoker = createRevoker({
    ...{ pool, client, producer, privateKey, metrics, log },
    standingTopic: topics(config.topicPrefix).standing.name,
    adminApi: config.adminApi,
    localPause: localPauseOf(config),
    observeEveryMs: config.observeEveryMs,
  });
  const postgres: Part = {
    name: 'postgres',
    start: (signal) => requireSchema(pool, config.startTimeoutMs, log, signal),
    stop: () => pool.end(),
  };
  const adminApi: Part = {
    name: 'admin-api',
    start: (signal) => requireAdminApi(client, config.startTimeoutMs, log, signal),
  };
  // A broker that is away delays what guards are told and nothing else, so nobody waits for it at start.
  const bus: Part = { name: 'kafka', stop: () => producer.disconnect() };
  const waker = createWaker(config.databaseUrl, revoker.wake, log);
  await runService({
    name: 'revoker',
    ...{ log, metrics: metrics.registry, drainTimeoutMs: config.drainTimeoutMs },
    health: { host: config.healthHost, port: config.healthPort },
    parts: [postgres, adminApi, bus, ...revoker.parts, waker],
  });
});
