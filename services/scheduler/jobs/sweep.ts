import { insertFinding } from '@bursar/db/inbox/finding';
import { openIncident } from '@bursar/db/inbox/incident';
import type { Pool, Queryable } from '@bursar/db/pool';
import { type MissedBreach, sweepWindows, type WindowDrift, type WindowSweep } from '@bursar/db/schedule/sweep-windows';
import { inRetriedTransaction } from '@bursar/db/transaction';
import type { Job } from '../job.ts';

const SHOWN = 20;

/**
 * Derives every open window again from the cubes. What the write path should have noticed is acted on and counted as a
 * defect; a window whose sum is not that of the cube is an incident.
 */
export function sweepJob(pool: Pool, cron: string, countMissed: (breaches: number) => void): Job {
  return {
    name: 'sweep',
    cron,
    atStart: false,
    leaseMs: 60_000,
    async run() {
      const { windows, missed, drifts } = await sweep(pool);
      if (missed.length > 0) countMissed(missed.length);
      return `${windows} windows; ${missed.length} missed breaches, ${drifts.length} measures drifted`;
    },
  };
}

/** One sweep: breaches, findings and incidents commit together. `at` is the database's now unless told. */
export function sweep(pool: Pool, at?: Date): Promise<WindowSweep> {
  return inRetriedTransaction(pool, async (connection) => {
    const swept = await sweepWindows(connection, at);
    for (const [rule, breaches] of Map.groupBy(swept.missed, (breach) => breach.rule)) {
      await reportMissed(connection, rule, breaches);
    }
    for (const drift of swept.drifts) await reportDrift(connection, drift);
    return swept;
  });
}

async function reportMissed(db: Queryable, rule: string, breaches: readonly MissedBreach[]): Promise<void> {
  const { total, amount, percent } = breaches[0]!;
  const several = breaches.length === 1 ? 'a breach' : `${breaches.length} breaches`;
  await insertFinding(db, {
    kind: 'breach_missed',
    subject: rule,
    sentence:
      `The sweep found ${several} of ${rule} that the write path had not recorded (the first: ${total} against ` +
      `${amount}, ${percent} %). It was acted on; that it was missed is a defect of Bursar.`,
    detail: { breaches: breaches.slice(0, SHOWN) },
  });
}

async function reportDrift(db: Queryable, { measure, windows, first }: WindowDrift): Promise<void> {
  const { windowStart, derivedTotal, storedTotal } = first[0]!;
  const several = windows === 1 ? 'A limit window does' : `${windows} limit windows do`;
  await openIncident(db, {
    kind: 'window_drift',
    subject: measure,
    sentence:
      `${several} not hold what the ledger adds up to: ${measure}, window from ${windowStart}: stored ${storedTotal}, ` +
      `derived ${derivedTotal}. Limits may have acted too early or too late.`,
    detail: { windows, first },
  });
}
