import type { Problem } from '@bursar/policy/read-policy';
import { readYaml } from '@bursar/policy/yaml-source';
import type { PriceBook } from '@bursar/pricing/price-book';
import { type PriceBookProblem, readPriceBook } from '@bursar/pricing/price-book-json';
import { problemsIn, readSourceFile } from './source-file.ts';
import { WrongUseError } from './wrong-use-error.ts';

const MAX_CHARS = 2_000_000;

export type PricesFile = {
  book: PriceBook;
  /** The number of the book that it was made from, where the file tells. */
  follows: number | undefined;
  /** An error that names these places of the file. */
  wrong(problems: readonly PriceBookProblem[]): WrongUseError;
};

/** Reads and checks a price book file. Throws WrongUseError with every problem as `file:line:column path message`, a line each. */
export function readPricesFile(file: string): PricesFile {
  const source = readSourceFile(file);
  if (source.length > MAX_CHARS)
    throw new WrongUseError(`${file} has ${source.length} characters; a price book has at most ${MAX_CHARS}.`);
  refuseOtherThanJson(source, file);
  // JSON is YAML, and the YAML reader knows where everything stands, and what stands there twice.
  const { value, errors, locate } = readYaml(source);
  if (errors.length > 0)
    throw problemsIn(
      file,
      errors.map((error) => ({ ...error, path: '' })),
    );
  const wrong = (problems: readonly PriceBookProblem[]) =>
    problemsIn(
      file,
      problems.map(({ path, message }): Problem => ({ ...locate(path, 'value'), path: path.join('.'), message })),
    );
  const reading = readPriceBook(value);
  if (!reading.ok) throw wrong(reading.problems);
  return { book: reading.book, follows: reading.follows, wrong };
}

function refuseOtherThanJson(source: string, file: string): void {
  try {
    JSON.parse(source);
  } catch (error) {
    const message = `is not JSON: ${(error as Error).message.replace(/ in JSON at position.*/s, '')}`;
    const at = /at position (\d+)/.exec((error as Error).message)?.[1];
    const before = source.slice(0, at === undefined ? source.length : Number(at)).split('\n');
    throw problemsIn(file, [{ line: before.length, column: before.at(-1)!.length + 1, path: '', message }]);
  }
}
