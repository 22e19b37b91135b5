import type { Queryable } from '@bursar/db/pool';
import { listHolds } from '@bursar/db/report/holds';
import { listActsOfKey } from '@bursar/db/report/key-acts';
import { listBindings } from '@bursar/db/report/key-bindings';
import { listBreachesOfKey } from '@bursar/db/report/key-breaches';
import { listChangesOfKey } from '@bursar/db/report/key-changes';
import type { KeyRow } from '@bursar/db/report/keys';
import { type LimitRow, listLimits } from '@bursar/db/report/limits';
import type { Command } from 'commander';
import { type Context, type Session, withSession } from '../context.ts';
import { amountText } from '../output/amount-text.ts';
import { cleanJson } from '../output/clean-text.ts';
import { type Line, toned } from '../output/terminal.ts';
import { utcText } from '../output/time-text.ts';
import { findKeys } from '../story/find-key.ts';
import { keyFacts } from '../story/key-facts.ts';
import { keyTimeline, type Moment } from '../story/key-timeline.ts';
import { actionText, stateTone } from './limits.ts';
import { requestsNamed, showRequests } from './requests.ts';

type Options = { json?: boolean; since: string };

const REQUEST_ID = /^(req_\w+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i;

export function addWhy(program: Command, context: Context): void {
  program
    .command('why')
    .argument('<key-or-request>', 'a key (name, hint, apikey_…, SHA-256) or a request (req_…, event id)')
    .option('--json', 'for programs')
    .option('--since <time>', 'how far back to look for a request id', '7d')
    .description('tell the story: what happened to a key and why, or what one request cost and why')
    .addHelpText('after', '\nExamples:\n  bursar why prod-search-service\n  bursar why req_011CSHoEeqs5C35K2UUqR7Fy')
    .action(async (text: string, options: Options, command: Command) => {
      await withSession(context, command, async (session) => {
        if (!REQUEST_ID.test(text)) return await tellKeys(context, session, text, options);
        showRequests(context, session, await requestsNamed(session, text, options.since), options.json ?? false);
      });
    });
}

async function tellKeys(context: Context, { db, now }: Session, text: string, { json }: Options): Promise<void> {
  const found = await findKeys(db, text);
  const stories = [];
  for (const key of found) stories.push({ key, ...(await loadStory(db, key)) });
  if (json) return context.terminal.printVerbatim(`${cleanJson(stories.map(forPrograms))}\n`);
  if (found.length > 1) context.terminal.say(`${found.length} keys are called "${text}":`);
  for (const { key, limits, moments } of stories) {
    const lines = [...keyFacts(key, now), '', ...limitLines(limits), ...momentLines(moments), ''];
    for (const line of lines) context.terminal.print(line);
  }
}

async function loadStory(db: Queryable, key: KeyRow): Promise<{ limits: LimitRow[]; moments: Moment[] }> {
  const { keyRef, apiKeyId } = key;
  const [limits, bindings, breaches, holds, acts, changes] = await Promise.all([
    keyRef === null ? [] : listLimits(db, keyRef),
    keyRef === null ? [] : listBindings(db, keyRef),
    listBreachesOfKey(db, { keyRef, apiKeyId }),
    apiKeyId === null ? [] : listHolds(db, { apiKeyId, ended: true }),
    apiKeyId === null ? [] : listActsOfKey(db, apiKeyId),
    apiKeyId === null ? [] : listChangesOfKey(db, apiKeyId),
  ]);
  return { limits, moments: keyTimeline({ key, bindings, breaches, holds, acts, changes }) };
}

function forPrograms({ key, limits, moments }: { key: KeyRow; limits: LimitRow[]; moments: Moment[] }) {
  return { key, limits, timeline: moments.map(({ at, what, sentence }) => ({ at, what, sentence })) };
}

function limitLines(limits: readonly LimitRow[]): Line[] {
  if (limits.length === 0) return ['No limit of the policy in force counts it.', ''];
  const lines = limits.map((limit): Line => {
    const { metric, used, amount, percent, period, state, subject, selects } = limit;
    const together = subject === null && !selects.startsWith('key ') ? `, all of ${selects} together` : '';
    return [
      '  ',
      toned(stateTone(state), `${percent} %`.padStart(6)),
      `  ${amountText(metric, used)} of ${amountText(metric, amount)} per ${period.replace('_', ' ')}`,
      toned('quiet', `  ${limit.limit}${together}; ${actionText(limit)}`),
    ];
  });
  return [toned('strong', 'Limits that count it'), ...lines, ''];
}

function momentLines(moments: readonly Moment[]): Line[] {
  const lines = moments.map(({ at, what, sentence, tone }): Line => {
    return ['  ', toned('quiet', utcText(at)), '  ', toned(tone, what.padEnd(10)), sentence];
  });
  return [toned('strong', 'What happened'), ...lines];
}
