import type { Incident } from '@bursar/db/inbox/incident';
import type { Boot } from '@bursar/db/report/account-boot';
import type { SeqRange } from '@bursar/db/schedule/missing-ranges';
import type { KnownHole } from '@bursar/db/schedule/set-holes';

export const HOLE_KIND = 'events_missing';

const HOUR_MS = 3_600_000;
const RANGES_SAID = 5;

/** One boot with its holes; `count` is their sum. */
export type HoleOfBoot = { boot: Boot; holes: readonly KnownHole[]; count: number };

/** `ranges` are undefined where they could not be looked up; numbers that the emitter reported as dropped may be among them. */
export function holeIncident({ boot, holes, count }: HoleOfBoot, ranges: readonly SeqRange[] | undefined): Incident {
  const { emitterId, service } = boot;
  const hours = [...new Set(holes.map(({ quarter }) => hourOf(quarter)))].sort();
  const during = hours.length === 1 ? `in the hour from ${hours[0]}` : `in ${hours.length} hours from ${hours[0]} on`;
  const ended = boot.state === 'closed' ? ' The emitter has said goodbye.' : '';
  return {
    kind: HOLE_KIND,
    subject: `${emitterId}/${boot.boot}`,
    sentence:
      `${count} requests that the emitter ${emitterId} of ${service} numbered ${during} (UTC) never arrived: neither counted, ` +
      `nor in quarantine, nor reported as dropped, nor waiting in the emitter.${ended} ${rangesText(ranges)}`,
    detail: { service, emitterId, boot: boot.boot, count, hours, ranges: ranges ?? null },
  };
}

function rangesText(ranges: readonly SeqRange[] | undefined): string {
  if (ranges === undefined) return 'Which numbers these are was not looked up.';
  if (ranges.length === 0) return 'By now each of these numbers has a record.';
  const said = ranges.slice(0, RANGES_SAID).map(({ from, to }) => (from === to ? `${from}` : `${from} to ${to}`));
  const more = ranges.length > RANGES_SAID ? ` and ${ranges.length - RANGES_SAID} more ranges` : '';
  return `Numbers without a record: ${said.join(', ')}${more}.`;
}

function hourOf(quarter: Date): string {
  return new Date(Math.floor(quarter.getTime() / HOUR_MS) * HOUR_MS).toISOString();
}
