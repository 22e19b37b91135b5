import { loadActivePolicy } from '@bursar/db/configuration/active-policy';
import type { Pool } from '@bursar/db/pool';
import { type RateCandidate, rateCandidates } from '@bursar/db/schedule/rate-minutes';
import { recordBreaches, type ScheduledBreach } from '@bursar/db/schedule/record-breaches';
import { judgeRate } from '@bursar/policy/judge-rate';
import type { Limit } from '@bursar/policy/policy';
import { policyFromJson } from '@bursar/policy/policy-json';
import type { Job } from '../job.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** Judges every sliding rate from the minute cube. */
export function ratesJob(pool: Pool, cron: string): Job {
  const limits = activeLimits(pool);
  return { name: 'rates', cron, atStart: false, leaseMs: 5_000, run: async () => judgeRates(pool, limits) };
}

/** One look at every rate. `at` is the database's now unless told. */
export async function judgeRates(pool: Pool, limits = activeLimits(pool), at?: Date): Promise<string> {
  const candidates = await rateCandidates(pool, at);
  if (candidates.length === 0) return 'no rate near its limit';
  const byName = await limits(candidates[0]!.policyVersionId);
  const breaches = candidates.flatMap((candidate) => breachesOf(candidate, byName.get(candidate.rule)));
  const recorded = breaches.length === 0 ? 0 : await recordBreaches(pool, breaches);
  return `${candidates.length} rates near their limit, ${recorded} breaches recorded`;
}

/** A crossed rate breaks its limit in this minute; a warning speaks once per subject and hour of the clock. */
export function breachesOf(candidate: RateCandidate, limit: Limit | undefined): ScheduledBreach[] {
  if (limit === undefined) return [];
  const { minuteStart, elapsedMs, minutes, ...subject } = candidate;
  const judged = judgeRate(limit, { minutes: minutes.map(BigInt), elapsedMs });
  const breach = (kind: 'warning' | 'limit', percent: number, lengthMs: number): ScheduledBreach => {
    const startMs = Math.floor(minuteStart.getTime() / lengthMs) * lengthMs;
    const window = { windowStart: new Date(startMs), windowEnd: new Date(startMs + lengthMs) };
    const amount = (limit.amount * BigInt(percent)) / 100n;
    const sums = { amount: amount.toString(), total: judged.perMinute.toString() };
    return { cause: 'limit', ...subject, ...window, kind, percent, ...sums, source: 'rate' };
  };
  const warnings = judged.crossedPercents.map((percent) => breach('warning', percent, HOUR_MS));
  return judged.state === 'over' ? [...warnings, breach('limit', 100, MINUTE_MS)] : warnings;
}

/** The limits of a policy version by name, remembered until another version is asked for; none when it is in force no more. */
function activeLimits(pool: Pool) {
  let known: { versionId: number; limits: Map<string, Limit> } | undefined;
  return async (versionId: number): Promise<ReadonlyMap<string, Limit>> => {
    if (known?.versionId !== versionId) {
      const active = await loadActivePolicy(pool);
      if (active?.versionId !== versionId) return new Map();
      const { limits } = policyFromJson(active.policyJson);
      known = { versionId, limits: new Map(limits.map((limit) => [limit.name, limit])) };
    }
    return known.limits;
  };
}
