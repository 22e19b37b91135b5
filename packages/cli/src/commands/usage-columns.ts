import { USAGE_GROUPS, type UsageGroup, type UsageRow } from '@bursar/db/report/usage';
import { countText, sumUsd, usdText } from '../output/amount-text.ts';
import type { Column } from '../output/listing.ts';
import { WrongUseError } from '../wrong-use-error.ts';

/** `service,month` as groups. Throws WrongUseError. */
export function parseGroups(text: string): UsageGroup[] {
  const groups = [...new Set(text.split(',').map((group) => group.trim()))];
  const unknown = groups.find((group) => !(group in USAGE_GROUPS));
  if (unknown === undefined) return groups as UsageGroup[];
  throw new WrongUseError(`--by has "${unknown}"; it takes ${Object.keys(USAGE_GROUPS).join(', ')}.`);
}

/** The last row of a table of usage. */
export function totalOf(rows: readonly UsageRow[]): UsageRow {
  const count = (of: (row: UsageRow) => string) => rows.reduce((sum, row) => sum + BigInt(of(row)), 0n).toString();
  return {
    requests: count((row) => row.requests),
    errors: count((row) => row.errors),
    inputTokens: count((row) => row.inputTokens),
    outputTokens: count((row) => row.outputTokens),
    cacheReadTokens: count((row) => row.cacheReadTokens),
    cacheWrite5mTokens: count((row) => row.cacheWrite5mTokens),
    cacheWrite1hTokens: count((row) => row.cacheWrite1hTokens),
    webSearches: count((row) => row.webSearches),
    costFirmUsd: sumUsd(rows.map((row) => row.costFirmUsd)),
    costEstimatedUsd: sumUsd(rows.map((row) => row.costEstimatedUsd)),
    costProvisionalUsd: sumUsd(rows.map((row) => row.costProvisionalUsd)),
    costTotalUsd: sumUsd(rows.map((row) => row.costTotalUsd)),
  };
}

/** A column for what usage is broken down by. */
export function groupColumn(group: UsageGroup): Column<UsageRow> {
  return {
    key: group,
    title: group.toUpperCase(),
    kind: 'text',
    value: (row) => row[group],
    // The total has no value of the other groups.
    people: (row) => (row[group] === '' ? '(none)' : (row[group] ?? '')),
  };
}

type SumKey = Exclude<keyof UsageRow, UsageGroup>;

/** A column per counter. */
export function sumColumns(): Column<UsageRow>[] {
  const counted = (key: SumKey, title?: string): Column<UsageRow> => ({
    key,
    ...(title === undefined ? {} : { title }),
    kind: 'count',
    value: (row) => Number(row[key]),
    people: (row) => countText(row[key]),
  });
  const paid = (key: SumKey, title: string): Column<UsageRow> => ({
    key,
    title,
    kind: 'exact',
    value: (row) => row[key],
    people: (row) => usdText(row[key]),
  });
  return [
    counted('requests', 'REQUESTS'),
    counted('errors', 'ERRORS'),
    counted('inputTokens', 'IN'),
    counted('outputTokens', 'OUT'),
    counted('cacheReadTokens', 'CACHE READ'),
    counted('cacheWrite5mTokens', 'WRITE 5M'),
    counted('cacheWrite1hTokens', 'WRITE 1H'),
    counted('webSearches'),
    paid('costFirmUsd', 'FIRM'),
    paid('costEstimatedUsd', 'ESTIMATED'),
    paid('costProvisionalUsd', 'PROVISIONAL'),
    paid('costTotalUsd', 'COST'),
  ];
}
