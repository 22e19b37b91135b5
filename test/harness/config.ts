import { identify } from '../../infra/local/process-identity.ts';
import { REPOSITORY } from '../../infra/local/repository.ts';
import { readRunning } from '../../infra/local/running.ts';

export type StackAddresses = { readonly kafkaBrokers: string; readonly databaseUrl: string };

/**
 * The Kafka and PostgreSQL that integration tests use: those of `pnpm test`, else those of a running `pnpm stack`.
 * Throws when there are none: a test that cannot run has failed, it is not skipped.
 */
export async function stackAddresses(env: NodeJS.ProcessEnv = process.env): Promise<StackAddresses> {
  const kafkaBrokers = env['BURSAR_TEST_KAFKA_BROKERS'];
  const databaseUrl = env['BURSAR_TEST_DATABASE_URL'];
  if (kafkaBrokers && databaseUrl) return { kafkaBrokers, databaseUrl };
  const running = await readRunning(`${REPOSITORY}/.bursar`);
  if (running?.kind === 'stack' && (await identify(running.pid))) return running;
  throw new Error(
    'this test needs a real Kafka and PostgreSQL: run it with `pnpm test -- <part of its file name>`, ' +
      'or keep `pnpm stack` running in another terminal',
  );
}

/** This process's environment and the stack's addresses, for the processes that run test files. */
export function testEnvironment(
  stack: StackAddresses | undefined,
  env: NodeJS.ProcessEnv = process.env,
): NodeJS.ProcessEnv {
  // A test that has not asked for the stack must not find somebody's real one by accident.
  const { KAFKA_BROKERS: _kafka, DATABASE_URL: _database, ...rest } = env;
  if (!stack) return rest;
  return { ...rest, BURSAR_TEST_KAFKA_BROKERS: stack.kafkaBrokers, BURSAR_TEST_DATABASE_URL: stack.databaseUrl };
}
