import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { openPool } from '@bursar/db/pool';
import { MINUTES_KEPT_MS } from '@bursar/db/report/usage';
import { configured } from '@bursar/runtime/exit-error';
import { runMain } from '@bursar/runtime/main';
import { createRegistry } from '@bursar/runtime/metrics';
import { runService } from '@bursar/runtime/service';
import { schedulerOptions } from './config.ts';
import { adminApiPart, adminClient, databasePart } from './dependencies.ts';
import type { Job } from './job.ts';
import { holesJob } from './jobs/holes.ts';
import { inventoryJob } from './jobs/inventory.ts';
import { livenessJob } from './jobs/liveness.ts';
import { maintenanceJob } from './jobs/maintenance.ts';
import { ratesJob } from './jobs/rates.ts';
import { retentionJob } from './jobs/retention.ts';
import { rotationJob } from './jobs/rotation.ts';
import { sweepJob } from './jobs/sweep.ts';
import { createSchedulerMetrics } from './metrics.ts';
import { createSchedule } from './schedule.ts';

const CONNECTIONS = 6;

await runMain('scheduler', schedulerOptions, async (config, log) => {
  const client = adminClient(config);
  const pool = configured(() =>
    openPool(config.databaseUrl, {
      name: 'bursar scheduler',
      max: CONNECTIONS,
      onError: (error) => log.warn({ err: error }, 'an idle database connection was lost'),
    }),
  );
  const registry = createRegistry('scheduler');
  const metrics = createSchedulerMetrics(registry, pool);
  const waiting = { timeoutMs: config.startTimeoutMs, log };
  const jobs: Job[] = [
    maintenanceJob(pool, config.maintenanceCron, config.keepTicksMs),
    retentionJob(pool, config.retentionCron, { usage_event: config.keepRequestsMs, usage_minute: MINUTES_KEPT_MS }),
    inventoryJob(pool, client, config.inventoryCron),
    sweepJob(pool, config.sweepCron, (breaches) => metrics.breachesMissed.inc(breaches)),
    ratesJob(pool, config.ratesCron),
    rotationJob(pool, config.rotationCron),
    livenessJob(pool, config.livenessCron, config.silentAfterMs),
    holesJob(pool, config.holesCron, config),
  ];
  await runService({
    name: 'scheduler',
    log,
    metrics: registry,
    health: { host: config.healthHost, port: config.healthPort },
    drainTimeoutMs: config.drainTimeoutMs,
    parts: [
      databasePart(pool, waiting),
      adminApiPart(client, pool, waiting),
      createSchedule({ db: pool, jobs, owner: `${hostname()} ${randomUUID()}`, log, metrics }),
    ],
  });
});
