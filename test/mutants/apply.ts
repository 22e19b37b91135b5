import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Mutant } from './mutant.ts';

/** The text of the mutant's file with the breakage in it. Throws when what it changes does not stand there exactly once. */
export function mutated(text: string, { name, file, find, replace }: Omit<Mutant, 'killedBy'>): string {
  const times = text.split(find).length - 1;
  if (times === 1) return text.replace(find, () => replace);
  const stands = times === 0 ? 'no longer stands there' : `stands there ${times} times`;
  throw new Error(
    `the mutant "${name}" does not apply to ${file}: what it changes ${stands}. It looks for:\n  ${find}`,
  );
}

/** Checks that a mutant applies to the sources in this folder; throws as `mutated` does. */
export async function checkApplies(folder: string, mutant: Mutant): Promise<void> {
  mutated(await readFile(join(folder, mutant.file), 'utf8'), mutant);
}

/** Does the work with the mutant in its file, and puts the file back whatever comes of it. */
export async function whileMutated<T>(folder: string, mutant: Mutant, work: () => Promise<T>): Promise<T> {
  const path = join(folder, mutant.file);
  const text = await readFile(path, 'utf8');
  await writeFile(path, mutated(text, mutant));
  try {
    return await work();
  } finally {
    await writeFile(path, text);
  }
}
