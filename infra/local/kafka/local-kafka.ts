import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePorts } from '../free-port.ts';
import type { Keeper } from '../keep.ts';
import { runProgram } from '../run-program.ts';
import { waitForCoordinators } from './coordinator-probe.ts';
import { kafkaJars } from './jars.ts';
import { findJava } from './java.ts';
import { asProperties, newClusterId, serverSettings, versionInLog } from './server-properties.ts';

const LOGGING = `-Dlog4j2.configurationFile=${fileURLToPath(new URL('log4j2.properties', import.meta.url))}`;
const QUICK_START = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto'];
// The pause target and the threshold are those of Kafka's own start script.
const BROKER = [
  ...['-Xms256m', '-Xmx512m', '-XX:+UseG1GC', '-XX:MaxGCPauseMillis=20', '-XX:InitiatingHeapOccupancyPercent=35'],
  ...['-Xshare:auto', '-Djava.awt.headless=true'],
];

export type BrokerOptions = { readonly root: string; readonly keeper: Keeper; readonly say: (line: string) => void };

export type LocalKafkaOptions = BrokerOptions & {
  /** `host:port` where clients are told to find the broker, when something stands between; by default where it listens. */
  advertised?: string;
};

/**
 * Starts a real Kafka broker from its own jars; ready when it returns. `brokers` is where it listens itself, the
 * version is the one that it logged.
 */
export async function startLocalKafka(options: LocalKafkaOptions): Promise<{ brokers: string; version: string }> {
  const [port, controllerPort] = await freePorts(2);
  const brokers = `127.0.0.1:${port}`;
  const version = await runBroker(options, {
    listeners: `PLAINTEXT://${brokers},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://${options.advertised ?? brokers}`,
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
  });
  await waitForCoordinators(brokers);
  return { brokers, version };
}

/** Formats a broker's storage, with extra arguments, and runs it with these settings; returns the version that it logged. */
export async function runBroker(
  { root, keeper, say }: BrokerOptions,
  settings: Record<string, string>,
  formatArguments: readonly string[] = [],
): Promise<string> {
  const java = await findJava();
  const classPath = join(await kafkaJars(root, say), '*');
  const folder = join(keeper.folder, 'kafka');
  const properties = join(folder, 'server.properties');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const all = { ...serverSettings(), 'log.dirs': join(folder, 'log'), ...settings };
  await writeFile(properties, asProperties(all), { mode: 0o600 });
  const format = ['kafka.tools.StorageTool', 'format', '--cluster-id', newClusterId(), '--config', properties];
  await runProgram(java, [...QUICK_START, LOGGING, '-cp', classPath, ...format, ...formatArguments]);
  await keeper.start({
    name: 'kafka',
    command: java,
    args: [...BROKER, LOGGING, '-cp', classPath, 'kafka.Kafka', properties],
    cwd: folder,
    env: {},
    stopSignal: 'SIGKILL',
  });
  return await keeper.waitFor('kafka', versionInLog);
}
