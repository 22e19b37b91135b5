/** Acme's services in one container: plays the story of `pnpm start` against the other containers, then stays. */
import { readFile, writeFile } from 'node:fs/promises';
import { openPool, type Pool } from '@bursar/db/pool';
import { ledgerCounts } from '@bursar/db/report/ledger-counts';
import { createNarrator, type Narrator } from '../demo/narrator.ts';
import { untilStopped } from '../demo/until-stopped.ts';
import { type DemoConfig, readDemoConfig } from './config.ts';
import { tellStory } from './tell-story.ts';

/** Its existence is the health of the container. */
const TOLD = '/tmp/told';

/** True when every step was read back, or when this database has seen the story before. */
async function tellOnce(config: DemoConfig, db: Pool, narrator: Narrator): Promise<boolean> {
  if ((await ledgerCounts(db)).stored > 0) {
    narrator.say('the story was told before; docker compose --profile app down --volumes, then up, tells it again');
    return true;
  }
  const policySource = await readFile(new URL('../../bursar.yaml', import.meta.url), 'utf8');
  const { steps } = await tellStory(config, db, policySource, narrator);
  const failed = steps.filter((step) => !step.ok).length;
  if (failed === 0) narrator.tell('done', `all ${steps.length} steps were read back`);
  else narrator.tell('failed', `${failed} of ${steps.length} steps did not happen`);
  return failed === 0;
}

const config = readDemoConfig();
const narrator = createNarrator(process.stdout);
const db = openPool(config.databaseUrl, { name: 'bursar demo' });
const told = await tellOnce(config, db, narrator);
await db.end();
if (told) {
  await writeFile(TOLD, '');
  narrator.say('your turn: docker compose run --rm bursar why prod-search-service');
  await untilStopped(new Promise<never>(() => {}));
} else {
  process.exitCode = 1;
}
