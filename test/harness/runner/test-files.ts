import { glob } from 'node:fs/promises';
import { REPOSITORY } from '../../../infra/local/repository.ts';

export type TestFiles = { readonly unit: readonly string[]; readonly integration: readonly string[] };

/** Every place where test files may be. Each must hold at least one, or a mistyped folder would pass for a green run. */
const PLACES = [
  'packages/*/src/**/*.test.ts',
  'services/*/**/*.test.ts',
  'infra/**/*.test.ts',
  'examples/*/*.test.ts',
  'test/*.test.ts',
  'test/harness/**/*.test.ts',
  'test/pipeline/**/*.test.ts',
  'test/soak/**/*.test.ts',
  'test/simulation/*.test.ts',
  'test/mutants/*.test.ts',
];

/**
 * The test files of the repository; with `patterns`, those whose path contains one of them.
 * Throws when a place or a pattern matches nothing.
 */
export async function findTestFiles(patterns: readonly string[], folder: string = REPOSITORY): Promise<TestFiles> {
  const found = await Promise.all(PLACES.map((place) => filesOf(place, folder)));
  const all = found.flat();
  const empty = patterns.length > 0 ? patterns.filter((text) => !all.some((file) => file.includes(text))) : [];
  const emptyPlaces = patterns.length > 0 ? [] : PLACES.filter((_, index) => found[index]!.length === 0);
  if (empty.length + emptyPlaces.length > 0) {
    throw new Error(`no test file matches ${[...empty, ...emptyPlaces].map((text) => `"${text}"`).join(', ')}`);
  }
  const wanted = patterns.length > 0 ? all.filter((file) => patterns.some((text) => file.includes(text))) : all;
  return { unit: wanted.filter((file) => !needsStack(file)), integration: wanted.filter(needsStack) };
}

/** Integration tests say in their name or by their folder that they need Kafka or PostgreSQL. */
export function needsStack(file: string): boolean {
  return file.endsWith('.pg.test.ts') || file.endsWith('.kafka.test.ts') || file.startsWith('test/pipeline/');
}

async function filesOf(place: string, folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (const file of glob(place, { cwd: folder, exclude: ['**/node_modules'] }))
    files.push(file.replaceAll('\\', '/'));
  return files.sort();
}
