import type { Pool } from '@bursar/db/pool';
import type { Boot } from '@bursar/db/report/account-boot';
import { missingRanges, type SeqRange } from '@bursar/db/schedule/missing-ranges';
import type { HoleOfBoot } from './hole-incident.ts';

const QUARTER_MS = 15 * 60_000;
/** Rows are read without an index: more time than this is not read through for the sake of a sentence. */
const LONGEST_MS = 6 * 3_600_000;
const MOST_RANGES = 50;

/** Which numbers the holes are, from the raw rows; undefined when that would cost too much or fails. */
export async function rangesOf(pool: Pool, { boot, holes, count }: HoleOfBoot): Promise<SeqRange[] | undefined> {
  const times = holes.map(({ quarter }) => quarter.getTime());
  const fromMs = Math.min(...times);
  const lastMs = Math.max(...times);
  if (lastMs - fromMs > LONGEST_MS) return undefined;
  // A page about a loss must not wait for its details.
  const lookUp = (toMs: number) => missingRanges(pool, spanOf(boot, fromMs, toMs), MOST_RANGES).catch(() => undefined);
  const ranges = await lookUp(lastMs);
  const found = ranges?.reduce((sum, { from, to }) => sum + to - from + 1, 0);
  // Where two quarters meet, a number of the later one can stand in the account of the earlier.
  return found === undefined || found >= count ? ranges : lookUp(lastMs + QUARTER_MS);
}

/** The numbers given in the quarters from one to the other. */
function spanOf({ emitterId, boot, quarters }: Boot, fromMs: number, lastMs: number) {
  const highestUpTo = (isWithin: (atMs: number) => boolean) =>
    Math.max(0, ...quarters.filter(({ quarter }) => isWithin(quarter.getTime())).map(({ highestSeq }) => highestSeq));
  return {
    emitterId,
    boot,
    afterSeq: highestUpTo((atMs) => atMs < fromMs),
    upToSeq: highestUpTo((atMs) => atMs <= lastMs),
    from: new Date(fromMs),
    to: new Date(lastMs + QUARTER_MS),
  };
}
