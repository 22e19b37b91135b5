import { randomBytes } from 'node:crypto';
import { createTopics } from '@bursar/bus/admin';
import { topics } from '@bursar/events/topics';
import { stackAddresses } from './config.ts';

export type FreshTopics = {
  readonly brokers: string[];
  /** Give it to a service as its topic prefix; no other test uses it. */
  readonly prefix: string;
  readonly topics: ReturnType<typeof topics>;
};

/** Bursar's topics under a prefix that only this test uses. */
export async function freshTopics(): Promise<FreshTopics> {
  const brokers = (await stackAddresses()).kafkaBrokers.split(',');
  const prefix = `test-${randomBytes(4).toString('hex')}`;
  const specs = topics(prefix);
  await createTopics({ brokers, clientId: 'bursar-test' }, Object.values(specs));
  return { brokers, prefix, topics: specs };
}
