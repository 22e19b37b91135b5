import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describeError } from '@bursar/runtime/describe-error';
import { workingDirectories } from './config.ts';
import { WrongUseError } from './wrong-use-error.ts';

/** The text of a file that the command line names. Throws WrongUseError when it can't be read. */
export function readSourceFile(file: string): string {
  try {
    return readFileSync(resolve(workingDirectories()[0], file), 'utf8');
  } catch (error) {
    throw new WrongUseError(`Can't read ${file}: ${describeError(error)}`);
  }
}
