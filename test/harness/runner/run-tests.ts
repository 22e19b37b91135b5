import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { REPOSITORY } from '../../../infra/local/repository.ts';
import { type StackAddresses, testEnvironment } from '../config.ts';

export type Totals = {
  tests: number;
  suites: number;
  passed: number;
  failed: number;
  cancelled: number;
  skipped: number;
  todo: number;
};
/** Some test files, and the stack that must be there before they run. */
export type Phase = {
  readonly files: readonly string[];
  readonly concurrency: number;
  readonly stack?: () => Promise<StackAddresses>;
  /** After which what still runs is ended; 8 minutes unless told. */
  readonly timeoutMs?: number;
};
export type TestRun = { readonly totals: Totals; readonly problems: string[] };

type RunnerEvent = {
  type: string;
  data: { file?: string; name?: string; skip?: string | true; counts?: Totals };
};

// A test that hangs fails by itself, with its name, long before the whole run is given up.
const TEST_TIMEOUT_MS = 300_000;
// A file that leaves handles open when its tests are over has no test that could fail: it is ended with its phase, and named.
const PHASE_TIMEOUT_MS = 480_000;

/**
 * Runs the phases one after the other with Node's test runner, as one report with one closing count.
 * `problems` names what the counts do not show: files without a test, and tests that were skipped.
 */
export async function runTests(phases: readonly Phase[]): Promise<TestRun> {
  const result: TestRun = { totals: emptyTotals(), problems: [] };
  const events = Readable.from(report(phases, result));
  await pipeline(events, new spec(), process.stdout, { end: false });
  return result;
}

async function* report(phases: readonly Phase[], result: TestRun): AsyncGenerator<RunnerEvent> {
  const begun = performance.now();
  for (const phase of phases) {
    if (phase.files.length > 0) yield* runPhase(phase, result);
  }
  const { tests, suites, passed, failed, cancelled, skipped, todo } = result.totals;
  const counts = { tests, suites, pass: passed, fail: failed, cancelled, skipped, todo };
  const lines = { ...counts, duration_ms: Math.round(performance.now() - begun) };
  for (const [name, count] of Object.entries(lines)) {
    yield {
      type: 'test:diagnostic',
      data: { nesting: 0, message: `${name} ${count}`, level: 'info' } as RunnerEvent['data'],
    };
  }
}

async function* runPhase(phase: Phase, result: TestRun): AsyncGenerator<RunnerEvent> {
  const stack = await phase.stack?.().catch((error: Error) => error);
  if (stack instanceof Error) {
    result.problems.push(`${phase.files.length} test files did not run: ${stack.message}`);
    return;
  }
  const files = phase.files.map((file) => join(REPOSITORY, file));
  const stream = run({
    files,
    concurrency: phase.concurrency,
    timeout: TEST_TIMEOUT_MS,
    signal: AbortSignal.timeout(phase.timeoutMs ?? PHASE_TIMEOUT_MS),
    env: testEnvironment(stack),
  });
  for await (const event of stream as AsyncIterable<RunnerEvent>) {
    observe(event, result);
    // The runner's own closing counts of this phase; the sum of all phases follows at the end.
    if (event.type === 'test:diagnostic' && event.data.file === undefined) continue;
    yield event;
  }
}

function observe({ type, data }: RunnerEvent, { totals, problems }: TestRun): void {
  if (type === 'test:summary' && data.file === undefined && data.counts) add(totals, data.counts);
  if (type !== 'test:pass') return;
  if (data.skip !== undefined) problems.push(`skipped: ${data.name} (${data.skip})`);
  // The runner takes a file without tests for one test that passed, with the file's path for a name.
  if (data.name === data.file) problems.push(`${data.file} holds no test`);
}

function add(totals: Totals, counts: Totals): void {
  for (const name of Object.keys(totals) as (keyof Totals)[]) totals[name] += counts[name];
}

function emptyTotals(): Totals {
  return { tests: 0, suites: 0, passed: 0, failed: 0, cancelled: 0, skipped: 0, todo: 0 };
}
