import type { Pool } from '@bursar/db/pool';
import { KEYS } from '../demo/company.ts';
import { DemoService } from '../demo/demo-service.ts';
import type { Narrator } from '../demo/narrator.ts';
import { putInForce } from '../demo/policy.ts';
import { Story, type StoryResult } from '../demo/story.ts';
import { readTrace } from '../demo/trace.ts';
import { importerKey } from './company.ts';
import type { DemoConfig } from './config.ts';
import { makeKey, secretOf } from './emulated-keys.ts';

const SPEED = 45;

/** Plays Acme's story with the emulated Anthropic, Kafka and Postgres that are given. */
export async function tellStory(
  config: DemoConfig,
  db: Pool,
  policySource: string,
  narrator: Narrator,
): Promise<StoryResult> {
  const { anthropicBaseUrl: baseURL, kafkaBrokers: brokers, secretsFolder } = config;
  const trace = await readTrace();
  const service = (name: string, apiKey: string, role: string, model: string, speed: number) =>
    new DemoService({ name, apiKey, role, model, speed, trace, baseURL, brokers });
  const secrets = {
    auth: await secretOf(secretsFolder, KEYS.auth),
    search: await secretOf(secretsFolder, KEYS.search),
    playground: await secretOf(secretsFolder, KEYS.playground),
    importer: await makeKey(baseURL, importerKey(Date.now())),
  };
  // A new installation observes; the demo acts, knowingly: the organization is emulated.
  const auto = replaceOnce(policySource, 'mode: observe', 'mode: auto');
  const raised = replaceOnce(auto, 'budget: 2 USD', 'budget: 100 USD');
  await putInForce(db, auto, 'bursar.yaml', 'demo: Acme begins');
  const story = new Story({
    db,
    narrator,
    services: {
      auth: service('auth', secrets.auth, 'POWER_USER', 'claude-haiku-5-5', SPEED / 4),
      search: service('search', secrets.search, 'POWER_USER', 'claude-sonnet-5-5', SPEED),
      importer: service('importer', secrets.importer, 'USER', 'claude-haiku-5-5', SPEED / 10),
      playground: service('playground', secrets.playground, 'USER', 'claude-haiku-5-5', SPEED * 2),
    },
    raiseBudget: () => putInForce(db, raised, 'bursar.yaml', 'demo: more budget for search'),
  });
  return await story.tell();
}

function replaceOnce(source: string, words: string, replacement: string): string {
  if (!source.includes(words)) throw new Error(`bursar.yaml has no "${words}", which the demo changes`);
  return source.replace(words, replacement);
}
