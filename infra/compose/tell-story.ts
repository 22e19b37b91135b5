import type { Pool } from '@bursar/db/pool';
import { importerKey, KEYS } from '../demo/company.ts';
import type { Narrator } from '../demo/narrator.ts';
import { playStory } from '../demo/play-story.ts';
import type { StoryResult } from '../demo/story.ts';
import type { DemoConfig } from './config.ts';
import { makeKey, secretOf } from './emulated-keys.ts';

/** Plays Acme's story with the emulated Anthropic, Kafka and Postgres that are given. */
export async function tellStory(
  { anthropicBaseUrl: anthropicUrl, kafkaBrokers: brokers, secretsFolder }: DemoConfig,
  db: Pool,
  policySource: string,
  narrator: Narrator,
): Promise<StoryResult> {
  const secrets = {
    auth: await secretOf(secretsFolder, KEYS.auth),
    search: await secretOf(secretsFolder, KEYS.search),
    playground: await secretOf(secretsFolder, KEYS.playground),
    importer: await makeKey(anthropicUrl, importerKey(Date.now())),
  };
  return await playStory({ db, brokers, anthropicUrl, secrets, policySource, narrator });
}
