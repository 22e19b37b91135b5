/** `pnpm start`: a real Kafka, a real Postgres, every service, and a company whose story is read back step by step. */
import { join } from 'node:path';
import { migrate } from '@bursar/db/migrate';
import { openPool } from '@bursar/db/pool';
import { REPOSITORY } from '../local/repository.ts';
import { startStack } from '../local/start-stack.ts';
import { readStartConfig, type StartConfig } from './config.ts';
import { openDemo } from './demo.ts';
import { createNarrator, type Narrator } from './narrator.ts';
import { putInForce, readPolicyFile } from './policy.ts';
import { reportStory } from './report-story.ts';
import { startServices } from './services.ts';
import { untilStopped } from './until-stopped.ts';
import { offerToSecondTerminal, printRealOrganization, printYourTurn } from './your-turn.ts';

const root = join(REPOSITORY, '.bursar');

async function start(config: StartConfig, narrator: Narrator, onExit: AsyncDisposableStack): Promise<boolean> {
  const policy = await readPolicyFile(config.policyPath ?? join(REPOSITORY, 'bursar.yaml'), config);
  narrator.say('starting a real Kafka and a real PostgreSQL');
  const stack = await startStack({ root, say: narrator.say, given: config.given, docker: config.docker });
  onExit.defer(() => stack.close());
  const { kafka, postgres } = stack;
  narrator.say(`Kafka ${kafka.version} (${kafka.how}) and PostgreSQL ${postgres.version} (${postgres.how}) are up`);
  await migrate(postgres.url);
  const db = openPool(postgres.url, { name: 'bursar start' });
  onExit.defer(() => db.end());

  const demo = config.realOrganization ? undefined : await openDemo(narrator);
  if (demo) onExit.defer(() => demo.close());
  const addresses = { DATABASE_URL: postgres.url, KAFKA_BROKERS: kafka.brokers };
  const services = await startServices({ ...addresses, ...(demo?.env ?? config.realOrganization) }, join(root, 'logs'));
  onExit.defer(() => services.stop());
  narrator.say('aggregator, scheduler and revoker are ready; their logs are in .bursar/logs');
  const second = {
    kafkaBrokers: kafka.brokers,
    databaseUrl: postgres.url,
    ...(demo && { emulatorUrl: demo.emulatorUrl }),
  };
  onExit.defer(await offerToSecondTerminal(root, second, demo?.exampleKey));

  if (demo === undefined) {
    await putInForce(db, policy.source, policy.path, 'start');
    printRealOrganization(narrator, postgres.url);
    await untilStopped(services.failed);
    return true;
  }
  const played = await Promise.race([demo.play(db, kafka.brokers.split(','), policy.source), services.failed]);
  const ok = await reportStory(config.reportPath, { stack, db, played, narrator });
  if (config.once) return ok;
  printYourTurn(narrator, postgres.url);
  await untilStopped(services.failed);
  return ok;
}

const narrator = createNarrator(process.stdout);
try {
  await using onExit = new AsyncDisposableStack();
  const ok = await start(readStartConfig(), narrator, onExit);
  if (!ok) process.exitCode = 1;
  narrator.say('stopping everything');
} catch (error) {
  narrator.tell('failed', error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
