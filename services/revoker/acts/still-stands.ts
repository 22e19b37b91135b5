import type { ApprovedHold } from '@bursar/db/enforcement/approved-hold';
import type { Policy } from '@bursar/policy/policy';
import { rotationState } from '@bursar/policy/rotation';
import { entryNamed, type Mode } from '../policy-in-force.ts';

/** Why an approved hold must not be carried out any more, or undefined when everything it rests on is still true. */
export function whyItFell(hold: ApprovedHold, policy: Policy, mode: Mode, nowMs: number): string | undefined {
  if (!mode.auto) return mode.because;
  const entry = entryNamed(policy, hold.keyName);
  if (entry?.protected) return 'the policy protects the key now';
  if (hold.keyGone || hold.keyStatus === null) return 'the key is gone from the inventory';
  if (hold.keyStatus === 'archived' || hold.keyStatus === 'expired') return `the key is ${hold.keyStatus} already`;
  if (hold.boundNow !== hold.boundThen) return 'the key is not bound to what was metered any more';
  if (hold.cause === 'rotation') return whyNotDue(hold, entry, nowMs);
  if (hold.basisNow === 'unique_hint' && entry === undefined) return 'the policy does not name the key any more';
  if (hold.limitOnBreach === null) return 'the active policy has no such limit any more';
  if (hold.limitOnBreach !== 'suspend') return 'the limit does not suspend any more';
  if (!hold.windowOpen) return 'its period has ended';
  if (!hold.limitReached) return 'the limit is above what was used without provisional cost';
  return undefined;
}

/** Why a key is not past its rotation date and grace, or undefined when it is. */
export function whyNotDue(
  key: { keyCreatedAt: Date | null },
  entry: ReturnType<typeof entryNamed>,
  nowMs: number,
): string | undefined {
  if (entry === undefined) return 'the policy does not ask to rotate the key any more';
  if (key.keyCreatedAt === null) return 'the key is gone from the inventory';
  const { state } = rotationState(entry, key.keyCreatedAt.getTime(), nowMs);
  return state === 'past_grace' ? undefined : 'by the policy the key is not due any more';
}
