import type { Pool } from '@bursar/db/pool';
import { ledgerCounts } from '@bursar/db/report/ledger-counts';
import type { Stack } from '../local/start-stack.ts';
import type { Played } from './demo.ts';
import type { Narrator } from './narrator.ts';
import { writeReport } from './report.ts';

type Told = {
  stack: Stack;
  db: Pool;
  played: Played;
  narrator: Narrator;
};

/** Says how the story went and writes the report, if one is wanted. True when every step was read back. */
export async function reportStory(path: string | undefined, { stack, db, played, narrator }: Told): Promise<boolean> {
  const { steps, keys, emulator, emitted } = played;
  const { kafka, postgres } = stack;
  const failed = steps.filter((step) => !step.ok).length;
  if (path !== undefined) {
    await writeReport(path, {
      kafka: { version: kafka.version, how: kafka.how },
      postgres: { version: postgres.version, how: postgres.how, url: postgres.url },
      events: { emitted, ...(await ledgerCounts(db)) },
      steps,
      keys,
      emulator,
    });
    narrator.say(`what was measured is in ${path}`);
  }
  if (failed === 0) narrator.tell('done', `all ${steps.length} steps were read back`);
  else narrator.tell('failed', `${failed} of ${steps.length} steps did not happen`);
  return failed === 0;
}
