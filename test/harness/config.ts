import { fileURLToPath } from 'node:url';
import { identify } from '../../infra/local/process-identity.ts';
import { readRunning } from '../../infra/local/running.ts';

export const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));

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

/** The environment of a service under test: what programs need to run, without anything that configures Bursar. */
export function bareEnvironment(env: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const kept = ['PATH', 'HOME', 'TMPDIR', 'TZ', 'LANG'].flatMap((name) =>
    env[name] ? [[name, env[name]] as const] : [],
  );
  return Object.fromEntries(kept);
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
