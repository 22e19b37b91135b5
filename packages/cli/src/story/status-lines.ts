import type { Job } from '@bursar/db/report/jobs';
import { type Line, type Tone, toned } from '../output/terminal.ts';
import { relativeText, spanText, utcText } from '../output/time-text.ts';
import type { Need, Status, Verdict } from './judge-status.ts';

const OLD_EVENT_MS = 15 * 60_000;

/** The one screen: state, freshness, work done, what waits, and the command to type next. */
export function statusLines(status: Status, verdict: Verdict): Line[] {
  const { enforcement, now } = status;
  return [
    [
      toned('strong', `Bursar · ${enforcement.organization ?? 'no organization yet'}`),
      toned('quiet', `  ${utcText(now)}`),
    ],
    '',
    field(
      'enforcement',
      verdict.enforcementOn ? 'ON' : 'OFF',
      verdict.enforcementOn ? 'good' : 'bad',
      ` ${verdict.because}`,
    ),
    field('policy', policyText(status)),
    field('metering', meteringText(status)),
    ...jobLines(status),
    field('Admin API', adminText(status)),
    field('last hour', lastHourText(status)),
    field('keys', keysText(status)),
    '',
    ...needLines(verdict),
  ];
}

function field(title: string, text: string, tone: Tone = 'plain', rest = ''): Line {
  return [toned('quiet', `  ${title.padEnd(13)}`), toned(tone, text), rest];
}

function policyText({ enforcement, now }: Status): string {
  const { policyVersion, mode, activatedAt, waitingVersion } = enforcement;
  const waiting = waitingVersion === null ? '' : `; version ${waitingVersion} waits for an aggregator`;
  if (policyVersion === null) return `none${waiting}`;
  const since = activatedAt === null ? '' : `, since ${utcText(activatedAt)} (${relativeText(activatedAt, now)})`;
  return `version ${policyVersion}, mode ${mode}${since}${waiting}`;
}

function meteringText({ ingest, now }: Status): string {
  const { newestStoredAt, newestOccurredAt, partitions, owners, movedAt } = ingest;
  if (newestStoredAt === null || newestOccurredAt === null) return 'no request was counted yet';
  const lag = Math.max(0, newestStoredAt.getTime() - newestOccurredAt.getTime());
  const quiet = now.getTime() - newestStoredAt.getTime() > OLD_EVENT_MS ? '; quiet, or no aggregator runs' : '';
  const places = `${partitions} partitions of ${owners} ${owners === 1 ? 'aggregator' : 'aggregators'}`;
  const moved = movedAt === null ? '' : `, moved ${relativeText(movedAt, now)}`;
  const counted = lag < 1_000 ? `${lag} ms` : spanText(lag);
  return `last request counted ${relativeText(newestStoredAt, now)}, ${counted} after it ended${quiet}; ${places}${moved}`;
}

function jobLines({ jobs, now }: Status): Line[] {
  if (jobs.length === 0) return [field('jobs', 'none has run yet: no scheduler was started', 'warning')];
  return jobs.map((job, i) =>
    field(i === 0 ? 'jobs' : '', jobText(job, now), job.outcome === 'ok' || job.outcome === null ? 'plain' : 'bad'),
  );
}

function jobText({ job, outcome, detail, succeededAt, startedAt }: Job, now: Date): string {
  const success = succeededAt ? `last success ${relativeText(succeededAt, now)}` : 'no success yet';
  if (outcome === 'ok') return `${job}: ${success}`;
  if (outcome === null) return `${job}: runs since ${relativeText(startedAt, now)}; ${success}`;
  return `${job}: ${outcome}${detail ? ` (${detail})` : ''}; ${success}`;
}

function adminText({ acts, jobs, now }: Status): string {
  const inventory = jobs.find(({ job }) => job === 'inventory')?.succeededAt;
  const read = inventory ? `inventory read ${relativeText(inventory, now)}` : 'inventory not read yet';
  if (acts.lastAnswerAt === null) return `${read}; no key was ever switched`;
  const answer = acts.lastAnswerStatus === null ? 'no answer' : `HTTP ${acts.lastAnswerStatus}`;
  const error = acts.lastAnswerError === null ? '' : `, ${acts.lastAnswerError}`;
  return `${read}; last act ${relativeText(acts.lastAnswerAt, now)} (${answer}${error})`;
}

function lastHourText({ acts }: Status): string {
  const failed = acts.failedLastHour === 0 ? '' : `, ${acts.failedLastHour} attempts not confirmed`;
  return `${acts.suspendedLastHour} switched off and read back, ${acts.resumedLastHour} switched on again${failed}`;
}

function keysText({ keys }: Status): string {
  const unbound = keys.unbound === 0 ? '' : `; ${keys.unbound} seen in traffic but not in the inventory`;
  return `${keys.active} active, ${keys.inactive} inactive, ${keys.archived} archived, ${keys.expired} expired${unbound}`;
}

function needLines({ needsPerson }: Verdict): Line[] {
  if (needsPerson.length === 0)
    return [toned('good', '  Nothing waits for a person.'), field('next', 'bursar requests --follow', 'strong')];
  const width = Math.max(...needsPerson.map(({ what }) => what.length)) + 2;
  return [
    toned('warning', '  Waits for a person'),
    ...needsPerson.map(({ what, next }): Line => ['    ', what.padEnd(width), toned('quiet', next)]),
    ...nextLines(needsPerson),
  ];
}

/** A single item has said already what to do; of several the most urgent command is the one to type. */
function nextLines(needsPerson: readonly Need[]): Line[] {
  const command = needsPerson.find(({ next }) => next.startsWith('bursar '))?.next;
  return command === undefined || needsPerson.length === 1 ? [] : ['', field('next', command, 'strong')];
}
