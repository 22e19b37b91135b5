/** `pnpm stack`: Kafka and PostgreSQL, nothing else, until Ctrl-C. Data is thrown away at the end. */
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { readLocalConfig } from './config.ts';
import { removeRunning, writeRunning } from './running.ts';
import { startStack } from './start-stack.ts';

const root = fileURLToPath(new URL('../../.bursar', import.meta.url));
const say = (line: string) => process.stderr.write(`${line}\n`);

async function main(): Promise<void> {
  const { kafka, postgres, close } = await startStack({ root, say, ...readLocalConfig() });
  const stop = stopSignal();
  say(`Kafka ${kafka.version} (${kafka.how}), PostgreSQL ${postgres.version} (${postgres.how}). Ctrl-C stops them.`);
  process.stdout.write(`KAFKA_BROKERS=${kafka.brokers}\nDATABASE_URL=${postgres.url}\n`);
  const startedAt = new Date().toISOString();
  await writeRunning(root, {
    kind: 'stack',
    pid: process.pid,
    kafkaBrokers: kafka.brokers,
    databaseUrl: postgres.url,
    startedAt,
  });
  await stop;
  await removeRunning(root);
  await close();
}

async function stopSignal(): Promise<void> {
  // A pending promise does not keep a process alive, and with servers of somebody else nothing would.
  const alive = setInterval(() => {}, 60_000);
  await Promise.race((['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map((signal) => once(process, signal)));
  clearInterval(alive);
}

main().catch((error: Error) => {
  say(`error: ${error.message}`);
  process.exitCode = 1;
});
