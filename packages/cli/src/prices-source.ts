import { readYaml } from '@bursar/policy/yaml-source';
import type { PriceBook } from '@bursar/pricing/price-book';
import { readPriceBook } from '@bursar/pricing/price-book-json';
import { readSourceFile } from './source-file.ts';
import { WrongUseError } from './wrong-use-error.ts';

const MAX_CHARS = 2_000_000;
const MOST_PROBLEMS = 50;

/** Reads and checks a price book file. Throws WrongUseError with every problem as `file:line:column path message`, a line each. */
export function readPricesFile(file: string): PriceBook {
  const source = readSourceFile(file);
  if (source.length > MAX_CHARS)
    throw new WrongUseError(`${file} has ${source.length} characters; a price book has at most ${MAX_CHARS}.`);
  // JSON is YAML, and the YAML reader knows where everything stands.
  const { value, errors, locate } = readYaml(source);
  if (errors.length > 0) {
    throw wrong(
      file,
      errors.map(({ line, column, message }) => `${file}:${line}:${column} ${message}`),
    );
  }
  const reading = readPriceBook(value);
  if (reading.ok) return reading.book;
  throw wrong(
    file,
    reading.problems.map(({ path, message }) => {
      const { line, column } = locate(path, 'value');
      return `${file}:${line}:${column} ${path.join('.')} ${message}`.replace('  ', ' ');
    }),
  );
}

function wrong(file: string, lines: readonly string[]): WrongUseError {
  const count = `${lines.length} ${lines.length === 1 ? 'problem' : 'problems'}`;
  return new WrongUseError(`${lines.slice(0, MOST_PROBLEMS).join('\n')}\n${count} in ${file}; nothing was applied.`);
}
