/**
 * `pnpm test:mutants`: breaks the product on purpose, one small thing at a time in a copy of the working tree, and sees a
 * named test fail each time. `--only NAME` tries one, `--simulation` also those of the simulation. Exit code 1 when one survives.
 */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { REPOSITORY } from '../../infra/local/repository.ts';
import { checkApplies } from './apply.ts';
import { controlsOf, runControl } from './control-run.ts';
import { inCopies } from './in-copies.ts';
import { mutantsOf } from './mutants.ts';
import { runMutant, type Verdict } from './run-mutant.ts';
import { tableOf } from './table.ts';
import { testStack } from './test-stack.ts';
import { makeWorkingCopy } from './working-copy.ts';

const MOST_COPIES = 2;
const ROOT = join(REPOSITORY, '.bursar');

const say = (line: string) => process.stdout.write(`${line}\n`);

async function main(args: string[]): Promise<boolean> {
  const { values } = parseArgs({ args, options: { only: { type: 'string' }, simulation: { type: 'boolean' } } });
  const mutants = mutantsOf(REPOSITORY, values);
  for (const mutant of mutants) await checkApplies(REPOSITORY, mutant);
  await using stack = await testStack(ROOT, say);
  const verdicts = await inCopies(
    {
      count: Math.min(MOST_COPIES, availableParallelism(), mutants.length),
      root: join(ROOT, 'mutants'),
      make: (folder) => makeWorkingCopy(REPOSITORY, folder),
    },
    async (each) => {
      await each(controlsOf(mutants), (control, folder) => runControl(folder, stack.addresses, control));
      say(`nothing broken: every test passes; now ${mutants.length} mutants`);
      return await each(mutants, (mutant, folder) => tell(runMutant(folder, stack.addresses, mutant)));
    },
  );
  for (const line of ['', ...tableOf(verdicts), '']) say(line);
  const killed = verdicts.filter(({ verdict }) => verdict === 'killed').length;
  say(`${killed} of ${verdicts.length} mutants killed`);
  return killed === verdicts.length;
}

async function tell(running: Promise<Verdict>): Promise<Verdict> {
  const verdict = await running;
  say(`${verdict.verdict === 'killed' ? '✔' : '✖'} ${verdict.mutant.name} (${verdict.seconds.toFixed(1)} s)`);
  return verdict;
}

main(process.argv.slice(2).filter((argument) => argument !== '--')).then(
  (allKilled) => {
    process.exitCode = allKilled ? 0 : 1;
  },
  (error: Error) => {
    process.stderr.write(`error: ${error.message}\n`);
    process.exitCode = 1;
  },
);
