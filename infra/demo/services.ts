import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type ServiceProcess, startService } from '../local/service-process.ts';

const SERVICES = ['aggregator', 'scheduler', 'revoker'] as const;
const READY_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 15_000;

export type RunningServices = {
  readonly healthUrls: Record<string, string>;
  /** Ends the services in reverse order, each draining first. */
  stop(): Promise<void>;
  /** Rejects as soon as a service ends by itself. */
  readonly failed: Promise<never>;
};

/** Starts every service as the process that it is in production, with its log in a file of its own. */
export async function startServices(
  addresses: { kafkaBrokers: string; databaseUrl: string },
  organization: Readonly<Record<string, string>>,
  logFolder: string,
): Promise<RunningServices> {
  const env = { KAFKA_BROKERS: addresses.kafkaBrokers, DATABASE_URL: addresses.databaseUrl, ...organization };
  await mkdir(logFolder, { recursive: true });
  const started = new Map<string, ServiceProcess>();
  let stopping = false;
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => {});
  for (const name of SERVICES) {
    const service = await startService(`services/${name}/main.ts`, env);
    started.set(name, service);
    const logFile = join(logFolder, `${name}.log`);
    const file = createWriteStream(logFile, { mode: 0o600 });
    service.onOutput((chunk) => file.write(chunk));
    service.ended.then(({ code, signal }) => {
      if (!stopping)
        failed.reject(
          new Error(
            `${name} ended by itself (${signal ?? `exit code ${code}`})${lastWords(service.log())}; see ${logFile}`,
          ),
        );
    });
  }
  const stop = async () => {
    stopping = true;
    for (const service of [...started.values()].reverse()) await stopService(service);
  };
  try {
    await Promise.all([...started].map(([name, service]) => untilReady(name, service, logFolder)));
  } catch (error) {
    await stop();
    throw error;
  }
  const healthUrls = Object.fromEntries([...started].map(([name, service]) => [name, service.healthUrl]));
  return { healthUrls, stop, failed: failed.promise };
}

async function untilReady(name: string, service: ServiceProcess, logFolder: string): Promise<void> {
  await service.ready(READY_TIMEOUT_MS).catch(() => {
    throw new Error(`${name} did not become ready${lastWords(service.log())}; see ${join(logFolder, `${name}.log`)}`);
  });
}

/** The last warning or worse of a service's log, as words. */
function lastWords(log: string): string {
  const words = log
    .split('\n')
    .flatMap((line) => /"level":"(?:warn|error|fatal)".*"msg":("(?:[^"\\]|\\.)*")/.exec(line)?.[1] ?? []);
  return words.length === 0 ? '' : `: ${JSON.parse(words.at(-1)!)}`;
}

async function stopService(service: ServiceProcess): Promise<void> {
  const watchdog = setTimeout(() => service.signal('SIGKILL'), STOP_TIMEOUT_MS);
  await service.kill('SIGTERM');
  clearTimeout(watchdog);
}
