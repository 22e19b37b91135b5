import { resolveCountedHoles, retellHole, smallerHoles } from '@bursar/db/inbox/incident';
import type { Pool } from '@bursar/db/pool';
import { hole } from './log-trouble.ts';

/** What a member that lost the partition counts out of a batch that it had fetched before is missing no more. */
export async function retellHoles(pool: Pool): Promise<void> {
  await resolveCountedHoles(pool);
  for (const { incidentId, from, nextOffset, to, log } of await smallerHoles(pool)) {
    await retellHole(pool, incidentId, from, hole(nextOffset, to + 1n, log));
  }
}
