import type { ApiKeySeed, EmulatorSeed } from '@bursar/anthropic-emulator/emulator';
import { acme, KEYS } from '../demo/company.ts';

/** So long that Bursar has read the new key before its date, on a slow machine too. */
const UNTIL_THE_STORY_KNOWS_THE_KEY_MS = 15_000;

/** Acme until the story begins: without the key that reaches its rotation date while the story runs. */
export function acmeBeforeTheStory(nowMs: number): EmulatorSeed {
  const seed = acme(nowMs);
  return { ...seed, apiKeys: seed.apiKeys.filter(({ name }) => name !== KEYS.importer) };
}

/** That key, for a story that begins now. */
export function importerKey(nowMs: number): ApiKeySeed {
  return acme(nowMs + UNTIL_THE_STORY_KNOWS_THE_KEY_MS).apiKeys.find(({ name }) => name === KEYS.importer)!;
}
