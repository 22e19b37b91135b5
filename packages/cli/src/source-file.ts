import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { formatProblems, type Problem } from '@bursar/policy/read-policy';
import { describeError } from '@bursar/runtime/describe-error';
import { workingDirectories } from './config.ts';
import { WrongUseError } from './wrong-use-error.ts';

const MOST_PROBLEMS = 200;

/** The text of a file that the command line names. Throws WrongUseError when it can't be read. */
export function readSourceFile(file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(resolve(workingDirectories()[0], file)));
  } catch (error) {
    if (error instanceof TypeError) throw new WrongUseError(`${file} is not UTF-8 text; save it as UTF-8.`);
    throw new WrongUseError(`Can't read ${file}: ${describeError(error)}`);
  }
}

/** Everything that is wrong with a file, a line each. */
export function problemsIn(file: string, problems: readonly Problem[]): WrongUseError {
  const count = `${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}`;
  return new WrongUseError(
    `${formatProblems(problems.slice(0, MOST_PROBLEMS), file)}\n${count} in ${file}; nothing was applied.`,
  );
}
