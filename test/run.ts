/**
 * `pnpm test`: types, lint, tidy, unit tests, and integration tests on a real Kafka and PostgreSQL that it brings up.
 * `pnpm test -- <text>…` runs only the test files whose path contains one of the texts.
 */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { readLocalConfig } from '../infra/local/config.ts';
import { REPOSITORY } from '../infra/local/repository.ts';
import { type Stack, startStack } from '../infra/local/start-stack.ts';
import type { StackAddresses } from './harness/config.ts';
import { dropTemplates } from './harness/database.ts';
import { runChecks } from './harness/runner/checks.ts';
import { type Phase, runTests, type TestRun } from './harness/runner/run-tests.ts';
import { findTestFiles, type TestFiles } from './harness/runner/test-files.ts';

const say = (line: string) => process.stdout.write(`${line}\n`);

async function main(patterns: readonly string[]): Promise<boolean> {
  const files = await findTestFiles(patterns);
  // Kafka and PostgreSQL come up while types are checked and unit tests run.
  const stack = files.integration.length > 0 ? bringUpStack() : undefined;
  const checksPassed = patterns.length > 0 || (await runChecks(say));
  const run = await runTests(phases(files, stack));
  await stack?.then(closeStack, () => {});
  return verdict(run, checksPassed);
}

function bringUpStack(): Promise<Stack> {
  const stack = startStack({ root: join(REPOSITORY, '.bursar'), say, durable: false, ...readLocalConfig() });
  // Told when the integration tests ask for it, with everything else that failed.
  stack.catch(() => {});
  return stack;
}

function phases(files: TestFiles, stack: Promise<Stack> | undefined): Phase[] {
  const concurrency = availableParallelism();
  return [
    { files: files.unit, concurrency },
    { files: files.integration, concurrency: Math.min(2, concurrency), stack: () => addresses(stack!) },
  ];
}

async function addresses(starting: Promise<Stack>): Promise<StackAddresses> {
  const { kafka, postgres } = await starting;
  say(`\nKafka ${kafka.version} (${kafka.how}), PostgreSQL ${postgres.version} (${postgres.how})\n`);
  return { kafkaBrokers: kafka.brokers, databaseUrl: postgres.url };
}

async function closeStack({ postgres, close }: Stack): Promise<void> {
  if (postgres.how === 'given') await dropTemplates(postgres.url);
  await close();
}

function verdict({ totals, problems }: TestRun, checksPassed: boolean): boolean {
  for (const problem of problems) say(`✖ ${problem}`);
  if (!checksPassed) say('✖ types or lint: see the top');
  return checksPassed && problems.length === 0 && totals.failed + totals.cancelled === 0 && totals.passed > 0;
}

main(process.argv.slice(2).filter((argument) => argument !== '--')).then(
  (passed) => {
    process.exitCode = passed ? 0 : 1;
  },
  (error: Error) => {
    process.stderr.write(`error: ${error.message}\n`);
    process.exitCode = 1;
  },
);
