import type { Policy } from '@bursar/policy/policy';
import { readPolicy } from '@bursar/policy/read-policy';
import { problemsIn, readSourceFile } from './source-file.ts';

/** Reads and checks a policy file. Throws WrongUseError with every problem of the file, a line each. */
export function readPolicyFile(file: string): { source: string; policy: Policy; contentHash: string } {
  const source = readSourceFile(file);
  const read = readPolicy(source, file);
  if (read.ok) return { source, policy: read.policy, contentHash: read.contentHash };
  throw problemsIn(file, read.problems);
}
