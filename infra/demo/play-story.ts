import type { Pool } from '@bursar/db/pool';
import { DemoService } from './demo-service.ts';
import type { Narrator } from './narrator.ts';
import { putInForce } from './policy.ts';
import { Story, type StoryResult } from './story.ts';
import { readTrace } from './trace.ts';

/** How many times faster than it was recorded the trace is replayed. */
const SPEED = 45;

export type Stage = {
  db: Pool;
  brokers: readonly string[];
  /** The emulated Anthropic. */
  anthropicUrl: string;
  /** The secret of each service's key. */
  secrets: Record<'auth' | 'search' | 'importer' | 'playground', string>;
  /** The text of bursar.yaml. */
  policySource: string;
  narrator: Narrator;
};

/** Puts Acme's policy in force, sets its services going and plays the story to its end. */
export async function playStory({
  db,
  brokers,
  anthropicUrl,
  secrets,
  policySource,
  narrator,
}: Stage): Promise<StoryResult> {
  const trace = await readTrace();
  const service = (name: keyof Stage['secrets'], role: string, model: string, speed: number) =>
    new DemoService({ name, role, model, speed, apiKey: secrets[name], baseURL: anthropicUrl, brokers, trace });
  // A new installation observes; the demo acts, knowingly: the organization is emulated.
  const policy = replaceOnce(policySource, 'mode: observe', 'mode: auto');
  const raised = replaceOnce(policy, 'budget: 2 USD', 'budget: 100 USD');
  await putInForce(db, policy, 'bursar.yaml', 'demo: Acme begins');
  const story = new Story({
    db,
    narrator,
    services: {
      auth: service('auth', 'POWER_USER', 'claude-haiku-5-5', SPEED / 4),
      search: service('search', 'POWER_USER', 'claude-sonnet-5-5', SPEED),
      importer: service('importer', 'USER', 'claude-haiku-5-5', SPEED / 10),
      playground: service('playground', 'USER', 'claude-haiku-5-5', SPEED * 2),
    },
    raiseBudget: () => putInForce(db, raised, 'bursar.yaml', 'demo: more budget for search'),
  });
  return await story.tell();
}

function replaceOnce(source: string, words: string, replacement: string): string {
  if (!source.includes(words)) throw new Error(`bursar.yaml has no "${words}", which the demo changes`);
  return source.replace(words, replacement);
}
