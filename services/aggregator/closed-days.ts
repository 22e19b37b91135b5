import { windowAt } from '@bursar/policy/window';

/** A day stays open for so long after its end, for what is on its way. */
const HOUR_MS = 3_600_000;

/**
 * The instant before which every quarter hour belongs to a closed day: the end of the last day of the zone that ended
 * at least an hour ago. @param timezone IANA name, the organization's in the policy in force; UTC without a policy.
 */
export function closedBefore(timezone: string | undefined, nowMs: number): Date {
  return new Date(windowAt('day', timezone ?? 'UTC', nowMs - HOUR_MS).startMs);
}
