import { startEmulator } from '@bursar/anthropic-emulator/emulator';
import type { Pool } from '@bursar/db/pool';
import { acme, KEYS } from './company.ts';
import { DemoService } from './demo-service.ts';
import type { Narrator } from './narrator.ts';
import { putInForce } from './policy.ts';
import type { StartReport } from './report.ts';
import { Story } from './story.ts';
import { readTrace } from './trace.ts';

const SPEED = 45;

export type Demo = {
  /** What the services need to know of the emulated organization. */
  readonly env: Record<string, string>;
  readonly emulatorUrl: string;
  readonly exampleKey: string;
  /** Plays the story to its end; the outcome is in the steps. */
  play(
    db: Pool,
    brokers: readonly string[],
    policySource: string,
  ): Promise<Pick<StartReport, 'steps' | 'keys' | 'emulator'> & { emitted: number }>;
  close(): Promise<void>;
};

/** The demo company at an emulated Anthropic: its organization, its services and its story. */
export async function openDemo(narrator: Narrator): Promise<Demo> {
  const emulator = await startEmulator({ seed: acme(Date.now()) });
  narrator.say(`an emulated Anthropic with the organization Acme answers at ${emulator.url}`);
  return {
    env: {
      BURSAR_ADMIN_API: 'emulator',
      ANTHROPIC_BASE_URL: emulator.url,
      ANTHROPIC_ADMIN_KEY: emulator.adminKey,
      BURSAR_CRON_INVENTORY: '*/5 * * * * *',
      BURSAR_CRON_ROTATION: '*/2 * * * * *',
    },
    emulatorUrl: emulator.url,
    exampleKey: emulator.secretOf(KEYS.auth),
    async play(db, brokers, policySource) {
      const trace = await readTrace();
      const service = (name: string, keyName: string, role: string, model: string, speed: number) =>
        new DemoService({
          name,
          role,
          model,
          apiKey: emulator.secretOf(keyName),
          baseURL: emulator.url,
          brokers,
          trace,
          speed,
        });
      await putInForce(db, demoPolicy(policySource), 'bursar.yaml', 'demo: Acme begins');
      const story = new Story({
        db,
        narrator,
        services: {
          auth: service('auth', KEYS.auth, 'POWER_USER', 'claude-haiku-5-5', SPEED / 4),
          search: service('search', KEYS.search, 'POWER_USER', 'claude-sonnet-5-5', SPEED),
          importer: service('importer', KEYS.importer, 'USER', 'claude-haiku-5-5', SPEED / 10),
          playground: service('playground', KEYS.playground, 'USER', 'claude-haiku-5-5', SPEED * 2),
        },
        raiseBudget: () =>
          putInForce(db, raised(demoPolicy(policySource)), 'bursar.yaml', 'demo: more budget for search'),
      });
      return { ...(await story.tell()), emulator: { url: emulator.url, adminKey: emulator.adminKey } };
    },
    close: () => emulator.close(),
  };
}

/** A new installation observes; the demo acts, knowingly: the organization is emulated. */
function demoPolicy(source: string): string {
  return replaceOnce(source, /mode: observe/, 'mode: auto');
}

function raised(source: string): string {
  return replaceOnce(source, /budget: 2 USD/, 'budget: 100 USD');
}

function replaceOnce(source: string, pattern: RegExp, replacement: string): string {
  if (!pattern.test(source)) throw new Error(`bursar.yaml has no "${pattern.source}", which the demo changes`);
  return source.replace(pattern, replacement);
}
