import type { Selected } from './quarantine-selection.ts';

const MOST_IDS_SHOWN = 20;

export type Refusal = { quarantineId: string; because: string };

/** What became of the selected records, in words, a line each: `3 records sent again (1, 2, 3)`, `not 4: …`. */
export function decisionText(
  verb: string,
  doneIds: readonly string[],
  refusals: readonly Refusal[],
  { unknown, isFull }: Selected,
): string {
  const byCause = new Map<string, string[]>();
  for (const { quarantineId, because } of refusals)
    byCause.set(because, [...(byCause.get(because) ?? []), quarantineId]);
  if (unknown.length > 0) byCause.set('no such record is in quarantine', [...unknown]);
  const done = `${doneIds.length} ${doneIds.length === 1 ? 'record' : 'records'} ${verb}`;
  return [
    doneIds.length === 0 ? done : `${done} (${idsText(doneIds)})`,
    ...[...byCause].map(([because, ids]) => `not ${idsText(ids)}: ${because}`),
    ...(isFull ? ['there may be more: ask again'] : []),
  ].join('\n');
}

function idsText(ids: readonly string[]): string {
  const shown = ids.slice(0, MOST_IDS_SHOWN).join(', ');
  return ids.length > MOST_IDS_SHOWN ? `${shown} and ${ids.length - MOST_IDS_SHOWN} more` : shown;
}
