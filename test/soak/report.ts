import type { Tally } from './chaos/world.ts';
import type { Delays } from './compare/delays.ts';
import type { Comparison } from './compare/difference.ts';
import type { UnaskedEnd } from './supervisor.ts';
import type { Account } from './traffic/messages.ts';

const FIRST_DIFFERENCES = 10;
const MOST_CHARS = 300;
const number = (value: number) => Math.round(value).toLocaleString('en');
const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;

export type Outcome = {
  readonly account: Account;
  readonly tally: Tally;
  readonly unaskedEnds: readonly UnaskedEnd[];
  readonly delays: Delays;
  readonly recoveries: readonly { what: string; ms: number }[];
  readonly comparisons: readonly Comparison[];
};

/** What was done, how it went and what differs, as lines. */
export function reportLines(outcome: Outcome): string[] {
  const { account, tally, delays } = outcome;
  return [
    '',
    'Done',
    ...table([
      ['events', number(account.events)],
      ['  of bytes each', number(account.bytesPerEvent)],
      ['duplicates sent on purpose', number(account.duplicates)],
      ['unreadable records', number(account.unreadable.length)],
      ['records under a wrong Kafka key', number(account.misaddressed.length)],
      ['sends that Kafka did not answer, repeated', number(account.failedSends)],
      ...[...tally.counts].sort().map(([what, times]): [string, string] => [what, number(times)]),
      ['services that ended by themselves', number(outcome.unaskedEnds.length)],
    ]),
    '',
    'Sent → stored',
    ...table([
      ['p50', seconds(delays.p50Ms)],
      ['p99', seconds(delays.p99Ms)],
      ['worst', seconds(delays.worstMs)],
    ]),
    '',
    'Caught up after a fault',
    ...table(slowest(outcome.recoveries)),
    '',
    'Compared with the oracle',
    ...table(outcome.comparisons.map((one) => [`${number(one.compared)} × ${one.what}`, verdict(one)])),
    ...outcome.comparisons
      .flatMap(({ differences }) => differences.slice(0, FIRST_DIFFERENCES))
      .map((text) => `  ✖ ${text.slice(0, MOST_CHARS)}`),
  ];
}

function verdict({ differences }: Comparison): string {
  return differences.length === 0 ? 'equal' : `${differences.length} differ`;
}

/** Of each kind of fault how often and the slowest. */
function slowest(recoveries: Outcome['recoveries']): [string, string][] {
  const byKind = Map.groupBy(recoveries, ({ what }) => what.replace(/ for .*$/, ''));
  return [...byKind]
    .map(([what, all]): [string, string] => [
      what,
      `${all.length} ×, slowest ${seconds(Math.max(...all.map(({ ms }) => ms)))}`,
    ])
    .sort();
}

function table(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([name]) => name.length), 0);
  return rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`);
}
