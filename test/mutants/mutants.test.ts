import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REPOSITORY } from '../../infra/local/repository.ts';
import { checkApplies, mutated } from './apply.ts';
import { controlsOf } from './control-run.ts';
import { mutantsOf } from './mutants.ts';
import { tableOf } from './table.ts';

const mutant = { name: 'no check', file: 'a.ts', find: 'if (wrong)', replace: 'if ($&)', killedBy: 'a.test.ts' };

test('every mutant applies to the sources as they are', async () => {
  const all = mutantsOf(REPOSITORY, {});
  assert.ok(all.length >= 24);
  for (const one of all) await checkApplies(REPOSITORY, one);
});

test('what a mutant changes must stand there exactly once, and is replaced by the text as it is', () => {
  assert.equal(mutated('x; if (wrong) stop();', mutant), 'x; if ($&) stop();');
  assert.throws(() => mutated('x;', mutant), /"no check" does not apply to a\.ts: .* no longer stands there/);
  assert.throws(() => mutated('if (wrong) if (wrong)', mutant), /stands there 2 times/);
});

test('a name that no mutant bears is an error that tells those that there are', () => {
  assert.throws(() => mutantsOf(REPOSITORY, { only: 'no such' }), /no mutant is called "no such"; .*\n {2}\w/);
  assert.equal(mutantsOf(REPOSITORY, { only: 'no epoch check' }).length, 1);
});

test('each file is controlled once, as a whole where one of its mutants wants all of it', () => {
  const [a, b] = [
    { ...mutant, tests: 'first' },
    { ...mutant, tests: 'second' },
  ];
  assert.deepEqual(controlsOf([a, b]), [{ file: 'a.test.ts', parts: ['first', 'second'] }]);
  assert.deepEqual(controlsOf([a, mutant]), [{ file: 'a.test.ts', parts: undefined }]);
});

test('the table tells of each mutant its file, what killed it, and the seconds, and shouts what was not killed', () => {
  const seconds = 1.26;
  const lines = tableOf([
    { mutant, seconds, verdict: 'killed', by: 'the check holds' },
    { mutant, seconds, verdict: 'survived' },
    { mutant, seconds, verdict: 'broken', because: 'it crashed' },
  ]);
  assert.deepEqual(
    lines.map((line) => line.split(/ {2,}/)),
    [
      ['mutant', 'file', 'killed by', 'seconds'],
      ['no check', 'a.ts', 'the check holds', '1.3'],
      ['no check', 'a.ts', 'SURVIVED a.test.ts', '1.3'],
      ['no check', 'a.ts', 'UNDECIDED a.test.ts: it crashed', '1.3'],
    ],
  );
});
