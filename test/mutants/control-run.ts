import type { StackAddresses } from '../harness/config.ts';
import type { Mutant } from './mutant.ts';
import { runTestFile } from './run-mutant.ts';

export type Control = { file: string; parts: readonly string[] | undefined };

/** Each test file once, with all the tests in it that some mutant names. */
export function controlsOf(mutants: readonly Mutant[]): Control[] {
  const files = Map.groupBy(mutants, ({ killedBy }) => killedBy);
  return [...files].map(([file, group]) => {
    const parts = group.map(({ tests }) => tests);
    return { file, parts: parts.includes(undefined) ? undefined : (parts as string[]) };
  });
}

/** Runs tests where nothing is broken. Throws when one fails, or a name is the name of none: its mutants would prove nothing. */
export async function runControl(folder: string, stack: StackAddresses, { file, parts }: Control): Promise<void> {
  const { passed, failed, broken } = await runTestFile(folder, stack, file, parts);
  if (failed.length > 0 || broken !== undefined)
    throw new Error(`${file} fails with nothing broken: ${failed.join('; ') || broken}`);
  const unknown = (parts ?? ['']).find((part) => !passed.some((name) => name.includes(part)));
  if (unknown !== undefined) throw new Error(`${file} holds no test with "${unknown}" in its name`);
}
