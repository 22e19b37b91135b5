import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { after, before, test } from 'node:test';
import { bareEnvironment } from '../../../infra/local/config.ts';
import { REPOSITORY } from '../../../infra/local/repository.ts';
import { runProgram } from '../../../infra/local/run-program.ts';
import type { TestRun } from './run-tests.ts';
import { findTestFiles, needsStack } from './test-files.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bursar-runner-'));
});
after(() => rm(folder, { recursive: true, force: true }));

test('a pattern or a place that matches no test file is an error that names it', async () => {
  await write('packages/x/src/a.test.ts', '');
  await assert.rejects(findTestFiles(['a.test', 'mistyped'], folder), /no test file matches "mistyped"/);
  await assert.rejects(findTestFiles([], folder), /"services\/\*\/\*\*\/\*\.test\.ts".*"test\/pipeline/);
});

test('a pattern selects by path, and name or folder tell who needs a stack', async () => {
  await write('packages/x/src/a.test.ts', '');
  await write('packages/x/src/a.pg.test.ts', '');
  await write('packages/x/node_modules/y/src/a.test.ts', '');
  await write('test/pipeline/promise.test.ts', '');
  const { unit, integration } = await findTestFiles(['src/a', 'promise'], folder);
  assert.deepEqual(unit, ['packages/x/src/a.test.ts']);
  assert.deepEqual(integration, ['packages/x/src/a.pg.test.ts', 'test/pipeline/promise.test.ts']);
  assert.equal(needsStack('packages/bus/src/loop.kafka.test.ts'), true);
});

test('the phases are one report: counts are added up, skipped tests and files without a test are problems', async () => {
  const passing = await write('one.test.mjs', `import { test } from 'node:test'; test('fine', () => {});`);
  const mixed = await write(
    'two.test.mjs',
    `import { test } from 'node:test'; test('bad', () => { throw new Error('boom'); }); test('lazy', { skip: 'no stack' }, () => {});`,
  );
  const empty = await write('three.test.mjs', '');
  const { run, printed } = await runInAnotherProcess([[passing], [mixed, empty]]);
  const { tests, failed, skipped } = run.totals;
  assert.deepEqual({ tests, failed, skipped }, { tests: 4, failed: 1, skipped: 1 });
  assert.ok(run.problems.some((problem) => problem.includes('lazy') && problem.includes('no stack')));
  assert.ok(run.problems.some((problem) => problem.includes('three.test.mjs holds no test')));
  assert.match(printed, /✖ bad/);
  assert.equal(printed.match(/tests \d+/g)?.length, 1, 'one closing count for all phases');
});

test('tests whose stack did not come up are a problem, not a silence', async () => {
  const file = await write('four.test.mjs', `import { test } from 'node:test'; test('fine', () => {});`);
  const { run } = await runInAnotherProcess([[file]], `async () => { throw new Error('no Java here'); }`);
  assert.equal(run.totals.tests, 0);
  assert.deepEqual(run.problems, ['1 test files did not run: no Java here']);
});

test('a file that leaves something running is ended and fails by its name', async () => {
  const file = await write(
    'five.test.mjs',
    `import { test } from 'node:test'; test('fine', () => {}); setInterval(() => {}, 1_000);`,
  );
  const { run, printed } = await runInAnotherProcess([[file]], undefined, 3_000);
  assert.ok(run.totals.failed + run.totals.cancelled > 0, printed);
  assert.match(printed, /five\.test\.mjs/);
});

/** Node's runner does not run inside a process that is itself a test, so this has to be one that is not. */
async function runInAnotherProcess(
  phases: string[][],
  stack?: string,
  timeoutMs?: number,
): Promise<{ run: TestRun; printed: string }> {
  const module = new URL('run-tests.ts', import.meta.url).href;
  const list = phases.map(
    (files) =>
      `{ files: ${JSON.stringify(files)}, concurrency: 1, ${stack ? `stack: ${stack},` : ''} ${timeoutMs ? `timeoutMs: ${timeoutMs}` : ''} }`,
  );
  const code = `const { runTests } = await import(${JSON.stringify(module)});
    const run = await runTests([${list.join()}]);
    process.stdout.write('RESULT' + JSON.stringify(run));`;
  const script = join(folder, 'run.mjs');
  await writeFile(script, code);
  const output = await runProgram(process.execPath, [script], { env: bareEnvironment() });
  const [printed, result] = output.split('RESULT');
  return { run: JSON.parse(result!), printed: printed! };
}

/** Writes a file below the test's folder; returns its path as the runner wants it, relative to the repository. */
async function write(path: string, text: string): Promise<string> {
  const full = join(folder, path);
  await mkdir(dirname(full), { recursive: true });
  await writeFile(full, text);
  return relative(REPOSITORY, full);
}
