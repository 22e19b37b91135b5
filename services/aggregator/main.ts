import { createProducer } from '@bursar/bus/producer';
import { topics } from '@bursar/events/topics';
import { createLoop } from '@bursar/runtime/loop';
import { runMain } from '@bursar/runtime/main';
import { runService } from '@bursar/runtime/service';
import { createCommandLoop } from './commands/command-loop.ts';
import { usageLog } from './commands/usage-log.ts';
import { options } from './config.ts';
import { ConfigurationKeeper } from './configuration-keeper.ts';
import { openConnections } from './connections.ts';
import { readyKafka, readyPartitions, readyPostgres, readySecrets } from './dependencies.ts';
import { createMarkLoop } from './kafka-marks.ts';
import { createMetrics } from './metrics.ts';
import { partOf, wakeOnNotify } from './parts.ts';
import { quarantineParts } from './quarantine-parts.ts';
import { SpeakersKeeper } from './speakers/speakers-keeper.ts';
import { createUsageLoop } from './usage-loop.ts';

const HOUR_MS = 3_600_000;

await runMain('aggregator', options, async (config, log) => {
  const specs = topics(config.topicPrefix);
  const { kafka, pool, onSocket, parts } = openConnections(config);
  const away = { timeoutMs: config.startTimeoutMs, log };
  await readySecrets(config.signingSecretsDir);
  await readyPostgres(pool, away);
  const clusterId = await readyKafka(kafka, specs, away);

  const metrics = createMetrics();
  const configuration = new ConfigurationKeeper(pool, log, metrics);
  await configuration.keep();
  const every = (name: string, everyMs: number, tick: () => Promise<void>) => createLoop({ name, everyMs, tick, log });
  const configurationLoop = every('configuration', 1_000, () => configuration.keep());
  const speakers = new SpeakersKeeper({ pool, folder: config.signingSecretsDir, configuration, metrics });
  await speakers.keep();
  const usageLoop = createUsageLoop({
    ...{ kafka, clusterId, pool, configuration, speakers, metrics, log },
    topic: specs.usage.name,
    groupId: `${config.topicPrefix}.aggregator`,
    lanes: config.lanes,
    onNewKey: () => configurationLoop.wake(),
  });
  const keepMs = { decided: config.keepDecidedMs, held: config.keepQuarantineMs };
  const producer = createProducer(kafka);
  const usage = usageLog(kafka, specs.usage.name, clusterId);
  const commands = createCommandLoop({ pool, producer, usage, log });
  const wakes = { bursar_configuration: configurationLoop, bursar_command: commands };
  await runService({
    name: 'aggregator',
    log,
    metrics: metrics.registry,
    health: { host: config.healthHost, port: config.healthPort },
    drainTimeoutMs: config.drainTimeoutMs,
    parts: [
      ...parts,
      wakeOnNotify(config.databaseUrl, wakes, log, onSocket),
      configurationLoop,
      every('speakers', 2_000, () => speakers.keep()),
      every('partitions', HOUR_MS, () => readyPartitions(pool)),
      createMarkLoop(pool, kafka, specs.usage.name, log),
      { name: 'producer', stop: () => producer.disconnect() },
      ...quarantineParts({ pool, producer, quarantineTopic: specs.quarantine.name, keepMs, log }),
      commands,
      partOf('usage', usageLoop, metrics),
    ],
  });
});
