import { openIncident } from '@bursar/db/inbox/incident';
import type { Pool, Queryable } from '@bursar/db/pool';
import { accountBoot, type Boot } from '@bursar/db/report/account-boot';
import { loadBoots } from '@bursar/db/report/boots';
import { readDatabaseClock } from '@bursar/db/report/database-clock';
import { type LedgerReach, ledgerReach, silentBefore, whyBehind } from '@bursar/db/report/ledger-reach';
import { endIncidents, newestIncidents, retellIncident } from '@bursar/db/schedule/hole-incidents';
import { type KnownHole, setHoles } from '@bursar/db/schedule/set-holes';
import { inRetriedTransaction } from '@bursar/db/transaction';
import type { Job } from '../job.ts';
import { HOLE_KIND, type HoleOfBoot, holeIncident } from './hole-incident.ts';
import { rangesOf } from './hole-ranges.ts';

export type HoleTimes = { holeAfterMs: number; silentAfterMs: number };

/** The boots beyond this many wait for the next look. */
const MOST_OPENED_AT_ONCE = 100;
/** Looking for ranges reads raw rows. After this time the incidents that are left are opened without. */
const LOOK_FOR_MS = 20_000;

/** Opens an incident for each boot of an emitter of whose numbers some are missing for longer than events need to arrive. */
export function holesJob(pool: Pool, cron: string, times: HoleTimes): Job {
  return { name: 'holes', cron, atStart: false, leaseMs: 120_000, run: () => reviewHoles(pool, times) };
}

/**
 * One look at all boots with numbers that nothing accounts for. The loss of a boot that went silent belongs to its
 * incident `emitter_silent`; what arrives after all ends an incident.
 */
export async function reviewHoles(pool: Pool, times: HoleTimes): Promise<string> {
  const look = await inRetriedTransaction(pool, (connection) => lookAt(connection, times));
  const of = (isMeant: (boot: Boot) => boolean) => look.boots.filter(isMeant).map(subjectOf);
  const silent = of(({ state }) => state === 'silent');
  // What it lost stands in no quarter that is kept; it has not arrived for that.
  const forgotten = of(({ quarters }) => quarters.length === 0);
  const ended =
    (await endIncidents(
      pool,
      HOLE_KIND,
      { of: silent },
      'the emitter went silent: emitter_silent tells its whole loss',
    )) +
    (await endIncidents(
      pool,
      HOLE_KIND,
      { allBut: [...look.holes.map(subjectOf), ...forgotten] },
      'what was missing has arrived',
    ));
  const told = await tellOf(pool, dueOf(look, times.holeAfterMs));
  const outcome = `${told.opened} new holes, ${told.open} open, ${ended} closed`;
  return look.reach.upTo === undefined ? `${outcome}; new holes are not judged: ${whyBehind(look.reach)}` : outcome;
}

type Look = { now: Date; reach: LedgerReach; boots: Boot[]; holes: KnownHole[] };

async function lookAt(db: Queryable, { silentAfterMs }: HoleTimes): Promise<Look> {
  const reach = await ledgerReach(db);
  const boots = await loadBoots(db, { silentBefore: silentBefore(reach, silentAfterMs) });
  const found = boots
    .filter(({ state }) => state !== 'silent')
    .flatMap((boot) => accountBoot(boot).map((line) => ({ ...boot, ...line })))
    .filter(({ missing }) => missing > 0)
    .map(({ emitterId, boot, quarter, missing }) => ({ emitterId, boot, quarter, missing }));
  const holes = await setHoles(db, found);
  return { now: await readDatabaseClock(db), reach, boots, holes };
}

/** Holes that are old enough, of which the ledger has read all that Kafka held when they were first seen, and whose emitter spoke since. */
function dueOf({ now, reach: { upTo }, boots, holes }: Look, holeAfterMs: number): HoleOfBoot[] {
  if (upTo === undefined) return [];
  const holesOf = Map.groupBy(holes, subjectOf);
  return boots.flatMap((boot) => {
    const due = (holesOf.get(subjectOf(boot)) ?? []).filter(
      ({ since }) =>
        since.getTime() <= now.getTime() - holeAfterMs &&
        since <= upTo &&
        (boot.state === 'closed' || boot.lastSeenAt > since),
    );
    return due.length === 0 ? [] : [{ boot, holes: due, count: due.reduce((sum, { missing }) => sum + missing, 0) }];
  });
}

/** Opens what is new, and tells anew what has changed. What a person resolved stays so until more is missing. */
async function tellOf(pool: Pool, due: readonly HoleOfBoot[]): Promise<{ opened: number; open: number }> {
  const newest = await newestIncidents(
    pool,
    HOLE_KIND,
    due.map(({ boot }) => subjectOf(boot)),
  );
  const knownOf = new Map(newest.map((incident) => [incident.subject, incident]));
  const lookUntil = performance.now() + LOOK_FOR_MS;
  let opened = 0;
  let open = 0;
  for (const hole of due) {
    const known = knownOf.get(subjectOf(hole.boot));
    if (known?.byPerson && known.count >= hole.count) continue;
    open++;
    if (known?.open && known.count === hole.count) continue;
    if (opened >= MOST_OPENED_AT_ONCE) break;
    const incident = holeIncident(hole, performance.now() < lookUntil ? await rangesOf(pool, hole) : undefined);
    if (known?.open) await retellIncident(pool, incident);
    else {
      opened++;
      await inRetriedTransaction(pool, (connection) => openIncident(connection, incident));
    }
  }
  return { opened, open };
}

function subjectOf({ emitterId, boot }: { emitterId: string; boot: string }): string {
  return `${emitterId}/${boot}`;
}
