import type { Policy } from '@bursar/policy/policy';
import { formatProblems, readPolicy } from '@bursar/policy/read-policy';
import { readSourceFile } from './source-file.ts';
import { WrongUseError } from './wrong-use-error.ts';

/** Reads and checks a policy file. Throws WrongUseError with every problem of the file, a line each. */
export function readPolicyFile(file: string): { source: string; policy: Policy; contentHash: string } {
  const source = readSourceFile(file);
  const read = readPolicy(source, file);
  if (read.ok) return { source, policy: read.policy, contentHash: read.contentHash };
  const count = `${read.problems.length} ${read.problems.length === 1 ? 'problem' : 'problems'}`;
  throw new WrongUseError(`${formatProblems(read.problems, file)}\n${count} in ${file}; nothing was applied.`);
}
