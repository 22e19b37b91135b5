import { startEmulator } from '@bursar/anthropic-emulator/emulator';
import type { Pool } from '@bursar/db/pool';
import { acme, importerKey, KEYS } from './company.ts';
import type { Narrator } from './narrator.ts';
import { playStory } from './play-story.ts';
import type { StartReport } from './report.ts';

export type Played = Pick<StartReport, 'steps' | 'keys' | 'emulator'> & { emitted: number };

export type Demo = {
  /** What the services need to know of the emulated organization. */
  readonly env: Record<string, string>;
  readonly emulatorUrl: string;
  readonly exampleKey: string;
  /** Plays the story to its end; the outcome is in the steps. */
  play(db: Pool, brokers: readonly string[], policySource: string): Promise<Played>;
  close(): Promise<void>;
};

/** The demo company at an emulated Anthropic in this process. */
export async function openDemo(narrator: Narrator): Promise<Demo> {
  const emulator = await startEmulator({ seed: acme(Date.now()) });
  const { url, adminKey } = emulator;
  narrator.say(`an emulated Anthropic with the organization Acme answers at ${url}`);
  return {
    env: {
      BURSAR_ADMIN_API: 'emulator',
      ANTHROPIC_BASE_URL: url,
      ANTHROPIC_ADMIN_KEY: adminKey,
      BURSAR_CRON_INVENTORY: '*/5 * * * * *',
      BURSAR_CRON_ROTATION: '*/2 * * * * *',
    },
    emulatorUrl: url,
    exampleKey: emulator.secretOf(KEYS.auth),
    async play(db, brokers, policySource) {
      const secrets = {
        auth: emulator.secretOf(KEYS.auth),
        search: emulator.secretOf(KEYS.search),
        playground: emulator.secretOf(KEYS.playground),
        importer: emulator.createApiKey(importerKey(Date.now())).secret,
      };
      const told = await playStory({ db, brokers, anthropicUrl: url, secrets, policySource, narrator });
      return { ...told, emulator: { url, adminKey } };
    },
    close: () => emulator.close(),
  };
}
