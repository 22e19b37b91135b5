import { join } from 'node:path';
import { run } from 'node:test';
import { type StackAddresses, testEnvironment } from '../harness/config.ts';
import { whileMutated } from './apply.ts';
import type { Mutant } from './mutant.ts';

export type TestOutcome = {
  passed: string[];
  failed: string[];
  /** Why the file did not run to its end: it crashed, held no such test, or had to be ended. */
  broken: string | undefined;
  seconds: number;
};

/** killed: a test of that name failed. survived: none did. broken: the test file itself came to no end. */
export type Verdict = { mutant: Mutant; seconds: number } & (
  | { verdict: 'killed'; by: string }
  | { verdict: 'survived' }
  | { verdict: 'broken'; because: string }
);

type TestEvent = { type: string; data: { name?: string; file?: string; details?: { error?: Error } } };

/** A test that waits in vain fails by itself before that. */
const LONGEST_FILE_MS = 120_000;

/** Runs the tests of a file whose names contain one of the parts, or all, in the copy of the tree in this folder. */
export async function runTestFile(
  folder: string,
  stack: StackAddresses,
  file: string,
  parts: readonly string[] | undefined,
): Promise<TestOutcome> {
  const begun = performance.now();
  const path = join(folder, file);
  const events = run({
    files: [path],
    cwd: folder,
    concurrency: 1,
    signal: AbortSignal.timeout(LONGEST_FILE_MS),
    env: testEnvironment(stack),
    ...(parts && { testNamePatterns: parts.map((part) => new RegExp(escaped(part))) }),
  });
  const outcome: TestOutcome = { passed: [], failed: [], broken: undefined, seconds: 0 };
  for await (const { type, data } of events as AsyncIterable<TestEvent>) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const { name = '', details } = data;
    // What the runner says of the whole file is no test.
    if (name !== path) outcome[type === 'test:pass' ? 'passed' : 'failed'].push(name);
    else if (type === 'test:fail') outcome.broken = details?.error?.message ?? 'it failed as a whole';
  }
  return { ...outcome, seconds: (performance.now() - begun) / 1_000 };
}

/** Puts a mutant in, runs the tests that are there to notice it, and takes it out again. */
export async function runMutant(folder: string, stack: StackAddresses, mutant: Mutant): Promise<Verdict> {
  const { killedBy, tests } = mutant;
  const parts = tests === undefined ? undefined : [tests];
  const { failed, broken, seconds } = await whileMutated(folder, mutant, () =>
    runTestFile(folder, stack, killedBy, parts),
  );
  const [by] = failed;
  if (by !== undefined) return { mutant, seconds, verdict: 'killed', by };
  return broken === undefined
    ? { mutant, seconds, verdict: 'survived' }
    : { mutant, seconds, verdict: 'broken', because: broken };
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
