/** Acme's services in one container: plays the story of `pnpm start` against the other containers, then stays. */
import { readFile } from 'node:fs/promises';
import { openPool, type Pool } from '@bursar/db/pool';
import { newestHold } from '@bursar/db/report/hold-timeline';
import { ledgerCounts } from '@bursar/db/report/ledger-counts';
import { runMain } from '@bursar/runtime/main';
import { KEYS } from '../demo/company.ts';
import { createNarrator, type Narrator } from '../demo/narrator.ts';
import { untilStopped } from '../demo/until-stopped.ts';
import { type DemoConfig, demoOptions } from './config.ts';
import { markHealthy } from './healthy.ts';
import { tellStory } from './tell-story.ts';

const AGAIN = '`docker compose --profile app down --volumes` forgets everything, so that it can be told again';

/** Tells the story to a new database; of one that knows it says how it ended. True when every step was read back. */
async function tellOnce(config: DemoConfig, db: Pool, narrator: Narrator): Promise<boolean> {
  if ((await ledgerCounts(db)).stored > 0) return await endedBefore(db, narrator);
  const policySource = await readFile(new URL('../../bursar.yaml', import.meta.url), 'utf8');
  const { steps } = await tellStory(config, db, policySource, narrator);
  const failed = steps.filter((step) => !step.ok).length;
  if (failed === 0) narrator.tell('done', `all ${steps.length} steps were read back`);
  else narrator.tell('failed', `${failed} of ${steps.length} steps did not happen; ${AGAIN}`);
  return failed === 0;
}

async function endedBefore(db: Pool, narrator: Narrator): Promise<boolean> {
  // The last of the story's suspensions.
  const hold = await newestHold(db, KEYS.importer, 'rotation');
  const ended = hold?.verifiedAt != null;
  narrator.tell(ended ? 'done' : 'failed', `the story was told before${ended ? '' : ' and did not end'}; ${AGAIN}`);
  return ended;
}

await runMain('demo', demoOptions, async (config) => {
  const narrator = createNarrator(process.stdout);
  const db = openPool(config.databaseUrl, { name: 'bursar demo' });
  const told = await tellOnce(config, db, narrator).finally(() => db.end());
  if (!told) {
    process.exitCode = 1;
    return;
  }
  await markHealthy();
  narrator.say('your turn: docker compose run --rm bursar why prod-search-service');
  await untilStopped(new Promise<never>(() => {}));
});
