import { REPOSITORY } from '../../../infra/local/repository.ts';
import { ProgramError, runProgram } from '../../../infra/local/run-program.ts';

const CHECKS = { types: ['tsc', '--noEmit', '--pretty', 'false'], lint: ['biome', 'check', '--colors=off', '.'] };

/** Checks types and lint side by side; prints what they found; true when they found nothing. */
export async function runChecks(say: (line: string) => void): Promise<boolean> {
  const results = await Promise.all(Object.entries(CHECKS).map(([name, command]) => runCheck(name, command, say)));
  return results.every(Boolean);
}

async function runCheck(name: string, [program, ...args]: string[], say: (line: string) => void): Promise<boolean> {
  const begun = performance.now();
  const seconds = () => `${((performance.now() - begun) / 1_000).toFixed(1)} s`;
  let output = '';
  try {
    await runProgram(`${REPOSITORY}/node_modules/.bin/${program}`, args, {
      cwd: REPOSITORY,
      onOutput: (text) => {
        output += text;
      },
    });
    say(`✔ ${name} (${seconds()})`);
    return true;
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error;
    say(`✖ ${name} (${seconds()})\n${output || error.message}`);
    return false;
  }
}
