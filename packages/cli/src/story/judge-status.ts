import type { Enforcement } from '@bursar/db/report/enforcement';
import type { Ingest } from '@bursar/db/report/ingest';
import type { Job } from '@bursar/db/report/jobs';
import type { KeyCounts } from '@bursar/db/report/key-counts';
import type { RecentActs } from '@bursar/db/report/recent-acts';
import type { Waiting } from '@bursar/db/report/waiting';
import { relativeText, utcText } from '../output/time-text.ts';

export type Status = {
  now: Date;
  enforcement: Enforcement;
  ingest: Ingest;
  jobs: readonly Job[];
  waiting: Waiting;
  acts: RecentActs;
  keys: KeyCounts;
};

/** Something for a person, and what to begin with: a command of Bursar, else a query or words. */
export type Need = { what: string; next: string };

export type Verdict = { enforcementOn: boolean; because: string; needsPerson: Need[] };

/** Whether keys are switched off by themselves now, why not, and what waits for a person, the most urgent first. */
export function judgeStatus(status: Status): Verdict {
  const off = whyOff(status);
  const because = off ?? `policy version ${status.enforcement.policyVersion} acts by itself`;
  return { enforcementOn: off === undefined, because, needsPerson: needs(status) };
}

function whyOff({ enforcement, now }: Status): string | undefined {
  const { policyVersion, breakerOpenSince, breakerReason, paused, pausedBy, pausedUntil, pauseReason, mode } =
    enforcement;
  if (breakerOpenSince) {
    return `Anthropic refuses our admin credential since ${utcText(breakerOpenSince)}: ${breakerReason ?? 'no reason given'}`;
  }
  if (paused && !(pausedUntil && pausedUntil <= now)) {
    const until = pausedUntil ? `, until ${utcText(pausedUntil)} (${relativeText(pausedUntil, now)})` : '';
    return `paused by ${pausedBy ?? 'somebody'}${until}: ${pauseReason ?? 'no reason given'}`;
  }
  if (policyVersion === null) return 'no policy is in force';
  return mode === 'auto'
    ? whyOnlyProposed(enforcement)
    : 'the policy only observes and proposes (enforcement.mode: observe)';
}

/** Why keys are not switched off by themselves although the policy says so, or undefined when they are. */
export function whyOnlyProposed({ mode, autoRefusedBecause }: Enforcement): string | undefined {
  if (mode !== 'auto' || autoRefusedBecause === null) return undefined;
  return `the policy says auto, but the revoker only proposes: ${autoRefusedBecause}`;
}

function needs({ enforcement, waiting, acts, jobs }: Status): Need[] {
  const failing = jobs.filter(({ outcome }) => outcome === 'failed' || outcome === 'abandoned');
  const all: (Need | false)[] = [
    enforcement.breakerOpenSince !== null && { what: 'Renew the admin credential', next: 'bursar incidents list' },
    waiting.proposedHolds > 0 && {
      what: `${many(waiting.proposedHolds, 'proposed suspension')} to decide`,
      next: 'bursar holds list',
    },
    waiting.openIncidents > 0 && {
      what: `${many(waiting.openIncidents, 'open incident')}`,
      next: 'bursar incidents list',
    },
    acts.failedLastHour > 0 && {
      what: `${many(acts.failedLastHour, 'attempt')} at the Admin API not confirmed in the last hour`,
      next: 'bursar holds list',
    },
    enforcement.paused && { what: 'Enforcement is paused', next: 'bursar unpause --reason "…"' },
    whyOnlyProposed(enforcement) !== undefined && {
      what: 'The policy asks for what the revoker refuses: set enforcement.mode to observe',
      next: 'bursar apply bursar.yaml --reason "propose only"',
    },
    enforcement.policyVersion === null && {
      what: 'Put a policy in force',
      next: 'bursar apply bursar.yaml --reason "first policy"',
    },
    enforcement.refusedVersion !== null && {
      what: `Policy version ${enforcement.refusedVersion} was refused: ${enforcement.refusedBecause}`,
      next: 'bursar config check bursar.yaml',
    },
    waiting.unansweredCommands > 0 && {
      what: `${many(waiting.unansweredCommands, 'command')} that nobody has taken: do revoker and aggregator run?`,
      next: 'start what does not run',
    },
    waiting.heldRecords > 0 && {
      what: `${many(waiting.heldRecords, 'record')} not counted, to decide about (${waiting.heldReasons})`,
      next: 'bursar quarantine list',
    },
    failing.length > 0 && {
      what: `Failing ${failing.length === 1 ? 'job' : 'jobs'}: ${failing.map(({ job }) => job).join(', ')}`,
      next: 'read the log of the scheduler',
    },
    waiting.openFindings > 0 && { what: `${many(waiting.openFindings, 'open finding')}`, next: 'bursar findings list' },
  ];
  return all.filter((need) => need !== false);
}

function many(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
