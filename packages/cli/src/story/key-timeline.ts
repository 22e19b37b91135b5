import type { HoldRow } from '@bursar/db/report/holds';
import type { ActRow } from '@bursar/db/report/key-acts';
import type { BindingRow } from '@bursar/db/report/key-bindings';
import type { BreachRow } from '@bursar/db/report/key-breaches';
import type { KeyChangeRow } from '@bursar/db/report/key-changes';
import type { KeyRow } from '@bursar/db/report/keys';
import { amountText } from '../output/amount-text.ts';
import type { Tone } from '../output/terminal.ts';
import { BASIS } from './key-facts.ts';

/** One thing that happened to a key, in words. */
export type Moment = { at: Date; what: string; sentence: string; tone: Tone };

export type KeyHistory = {
  key: KeyRow;
  bindings: readonly BindingRow[];
  breaches: readonly BreachRow[];
  holds: readonly HoldRow[];
  acts: readonly ActRow[];
  changes: readonly KeyChangeRow[];
};

/** Everything that is recorded about a key, oldest first. */
export function keyTimeline({ key, bindings, breaches, holds, acts, changes }: KeyHistory): Moment[] {
  return [
    ...origins(key),
    ...bindings.flatMap(bindingMoments),
    ...breaches.map(breachMoment),
    ...holds.flatMap(holdMoments),
    ...acts.flatMap(actMoments),
    ...changes.map(changeMoment),
  ].sort((a, b) => a.at.getTime() - b.at.getTime());
}

function origins({ createdAt, createdBy, firstSeenAt, keyRef, goneAt }: KeyRow): Moment[] {
  const made = `The key was made at Anthropic${createdBy ? ` by ${createdBy}` : ''}.`;
  const seen = keyRef === null ? 'First seen in the inventory.' : 'First request with this key counted.';
  return [
    ...(createdAt ? [moment(createdAt, 'made', made)] : []),
    moment(firstSeenAt, 'seen', seen),
    ...(goneAt ? [moment(goneAt, 'gone', 'The inventory no longer lists it.', 'warning')] : []),
  ];
}

function bindingMoments({ apiKeyId, basis, boundAt, unboundAt }: BindingRow): Moment[] {
  return [
    moment(boundAt, 'bound', `Requests with this secret were recognised as ${apiKeyId}, by ${BASIS[basis] ?? basis}.`),
    ...(unboundAt ? [moment(unboundAt, 'unbound', `No longer taken for ${apiKeyId}.`, 'warning')] : []),
  ];
}

const FOUND_BY: Record<BreachRow['source'], string> = {
  write_path: 'as it was counted',
  activation: 'when the policy came in force',
  sweep: 'by the sweep',
  rate: 'by the rate check',
  rotation: 'by the rotation check',
};

function breachMoment(breach: BreachRow): Moment {
  const { recordedAt, kind, cause, rule, percent, source, policyVersion } = breach;
  const by = `Seen ${FOUND_BY[source] ?? source}, policy version ${policyVersion}.`;
  if (cause === 'rotation') {
    const due = percent > 0 ? `is due for rotation in ${percent} days` : 'is past its rotation date';
    return moment(
      recordedAt,
      kind === 'warning' ? 'reminder' : 'overdue',
      `The key ${due}. ${by}`,
      kind === 'warning' ? 'warning' : 'bad',
    );
  }
  const together = breach.together ? ', together with others,' : '';
  const total = amountOf(breach, breach.total);
  const used = `${total} of ${amountOf(breach, breach.amount)}`;
  const said = {
    warning: `passed ${percent} % of "${rule}": ${total} used.`,
    provisional: `reached "${rule}" only with prices that are not known yet: ${used}.`,
    limit: `broke "${rule}": ${used}.`,
  }[kind];
  const what = { warning: 'warning', provisional: 'unclear', limit: 'breach' }[kind];
  return moment(recordedAt, what, `It${together} ${said} ${by}`, kind === 'limit' ? 'bad' : 'warning');
}

function amountOf({ metric }: BreachRow, decimal: string): string {
  return amountText(metric ?? 'requests', decimal);
}

function holdMoments(hold: HoldRow): Moment[] {
  const about = `hold ${hold.holdId} (${hold.cause}, ${hold.rule})`;
  const resume = hold.resumeAt ? ` It ends by itself at ${hold.resumeAt.toISOString()}.` : '';
  const ended: Record<string, string> = {
    released: 'was released',
    overridden: 'was undone',
    rejected: 'was rejected',
    superseded: 'was overtaken',
  };
  return [
    moment(hold.proposedAt, 'proposed', `Suspension proposed, ${about}: ${hold.sentence}`, 'warning'),
    ...(hold.approvedAt ? [moment(hold.approvedAt, 'approved', `Approved, ${about}.`, 'warning')] : []),
    ...(hold.inForceAt ? [moment(hold.inForceAt, 'held', `In force, ${about}.${resume}`, 'bad')] : []),
    ...(hold.endedAt
      ? [
          moment(
            hold.endedAt,
            'ended',
            `${capitalized(about)} ${ended[hold.state] ?? 'ended'}: ${hold.endedBecause ?? 'no reason given'}`,
            'good',
          ),
        ]
      : []),
  ];
}

function actMoments(act: ActRow): Moment[] {
  const asked = moment(
    act.requestedAt,
    'asked',
    `Asked Anthropic to make it ${act.wanted}, act ${act.actId} for ${act.cause}.`,
  );
  if (act.answeredAt === null) return [asked];
  const answer = `Anthropic answered HTTP ${act.httpStatus ?? '(none)'}, request id ${act.requestId ?? '(none)'}`;
  if (act.verifiedAt !== null) {
    const sure = `${answer}; read back as ${act.readBackStatus}. It is ${act.wanted} for sure.`;
    return [
      asked,
      moment(
        act.verifiedAt,
        act.wanted === 'active' ? 'resumed' : 'disabled',
        sure,
        act.wanted === 'active' ? 'good' : 'bad',
      ),
    ];
  }
  const why = act.errorMessage === null ? '' : `: ${act.errorMessage}`;
  return [asked, moment(act.answeredAt, act.outcome, `${answer}; not confirmed by a read-back${why}`, 'warning')];
}

function changeMoment({ field, before, after, seenAt }: KeyChangeRow): Moment {
  return moment(
    seenAt,
    'changed',
    `At Anthropic, ${field} went from ${before ?? 'nothing'} to ${after ?? 'nothing'}.`,
    'warning',
  );
}

function moment(at: Date, what: string, sentence: string, tone: Tone = 'plain'): Moment {
  return { at, what, sentence, tone };
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
