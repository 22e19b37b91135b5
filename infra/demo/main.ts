/** `pnpm start`: a real Kafka, a real Postgres, every service, and a company whose story is read back step by step. */
import { join } from 'node:path';
import { migrate } from '@bursar/db/migrate';
import { openPool } from '@bursar/db/pool';
import { REPOSITORY } from '../local/repository.ts';
import { startStack } from '../local/start-stack.ts';
import { readStartConfig, type StartConfig, USAGE } from './config.ts';
import { openDemo } from './demo.ts';
import { createNarrator, type Narrator } from './narrator.ts';
import { putInForce, readPolicyFile } from './policy.ts';
import { preflight } from './preflight.ts';
import { reportStory } from './report-story.ts';
import { runInterruptibly } from './run-interruptibly.ts';
import { startServices } from './services.ts';
import { offerToSecondTerminal, printRealOrganization, printYourTurn } from './your-turn.ts';

const root = join(REPOSITORY, '.bursar');

/** Ends after the story with --once; else stays until a service fails. */
async function start(config: StartConfig, narrator: Narrator, onExit: AsyncDisposableStack): Promise<void> {
  await preflight(root, config);
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
  const addresses = { kafkaBrokers: kafka.brokers, databaseUrl: postgres.url };
  const services = await startServices(addresses, demo?.env ?? config.realOrganization ?? {}, join(root, 'logs'));
  onExit.defer(() => services.stop());
  narrator.say('aggregator, scheduler and revoker are ready; their logs are in .bursar/logs');
  onExit.defer(await offerToSecondTerminal(root, addresses, demo));
  onExit.defer(() => narrator.say('stopping everything'));

  if (demo === undefined) {
    await putInForce(db, policy.source, policy.path, 'start');
    process.exitCode = 0;
    printRealOrganization(narrator, postgres.url);
    return await services.failed;
  }
  process.exitCode = 1;
  const played = await Promise.race([demo.play(db, kafka.brokers.split(','), policy.source), services.failed]);
  if (await reportStory(config.reportPath, { stack, db, played, narrator })) process.exitCode = 0;
  if (config.once) return;
  printYourTurn(narrator, postgres.url);
  await services.failed;
}

const narrator = createNarrator(process.stdout);
await runInterruptibly(narrator, async (onExit) => {
  const config = readStartConfig();
  if (config === undefined) narrator.print(USAGE);
  else await start(config, narrator, onExit);
});
