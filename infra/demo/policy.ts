import { readFile } from 'node:fs/promises';
import { policyActivation, submitPolicy } from '@bursar/db/configuration/submit-policy';
import type { Pool } from '@bursar/db/pool';
import { policyToJson } from '@bursar/policy/policy-json';
import { formatProblems, readPolicy } from '@bursar/policy/read-policy';
import { eventually } from '../local/eventually.ts';
import type { StartConfig } from './config.ts';

export type PolicyFile = { path: string; source: string };

/**
 * Reads a policy file before anything is started.
 * @throws Error with every problem and its place, also when it asks for what may not be done to a real organization yet.
 */
export async function readPolicyFile(
  path: string,
  { realOrganization }: Pick<StartConfig, 'realOrganization'>,
): Promise<PolicyFile> {
  const source = await readFile(path, 'utf8');
  const reading = readPolicy(source, path);
  if (!reading.ok)
    throw new Error(`the policy is wrong, nothing was applied:\n${formatProblems(reading.problems, path)}`);
  if (realOrganization !== undefined && reading.policy.enforcement.mode === 'auto') {
    throw new Error(
      `${path} asks for mode auto, which this version refuses against the real API: approvals and undo are not built yet. Write mode: observe.`,
    );
  }
  return { path, source };
}

/** It is wrong, so submitting it again would change nothing. */
export class PolicyRefusedError extends Error {
  override readonly name = 'PolicyRefusedError';
}

/** Submits a policy and waits until the aggregator has put it in force. @throws PolicyRefusedError when it is wrong. */
export async function putInForce(db: Pool, source: string, name: string, reason: string): Promise<void> {
  const reading = readPolicy(source, name);
  if (!reading.ok) throw new PolicyRefusedError(formatProblems(reading.problems, name));
  const { policy, contentHash } = reading;
  const versionId = await submitPolicy(db, { contentHash, source, policyJson: policyToJson(policy), reason });
  const settled = await eventually(`policy version ${versionId} is in force`, async () => {
    const activation = await policyActivation(db, versionId);
    return activation.state !== 'waiting' && activation;
  });
  if (settled.state === 'refused')
    throw new PolicyRefusedError(`policy version ${versionId} was refused: ${settled.because}`);
}
