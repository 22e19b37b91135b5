/** `pnpm bench`: how fast the chain is on this machine, beside what Kafka alone can do in the same run. Prints; asserts exactness only. */
import { join } from 'node:path';
import { readLocalConfig } from '../../infra/local/config.ts';
import { REPOSITORY } from '../../infra/local/repository.ts';
import { startStack } from '../../infra/local/start-stack.ts';
import { measureChain } from './chain.ts';
import { measureConsumeOnly } from './consume-only.ts';
import { produceTraffic } from './produce.ts';

const EVENTS = 120_000;

const say = (line: string) => process.stdout.write(`${line}\n`);
const perSecond = (rate: number) => `${Math.round(rate).toLocaleString('en')} events/s`;

await using onExit = new AsyncDisposableStack();
const stack = await startStack({ root: join(REPOSITORY, '.bursar'), say, ...readLocalConfig() });
onExit.defer(() => stack.close());
const brokers = stack.kafka.brokers.split(',');

say(
  `Kafka ${stack.kafka.version}, PostgreSQL ${stack.postgres.version}; ${EVENTS.toLocaleString('en')} events of real size wait in Kafka`,
);
const traffic = await produceTraffic(brokers, EVENTS);
say(`  ${Math.round(traffic.bytesPerEvent)} bytes each, ${traffic.keys} keys`);

const consumeOnly = await measureConsumeOnly(brokers, traffic);
say(`consume only                    ${perSecond(consumeOnly)}`);
const chain = await measureChain(brokers, stack.postgres.url, traffic);
say(
  `whole chain, exact              ${perSecond(chain.eventsPerSecond)}   ${(chain.eventsPerSecond / consumeOnly).toFixed(3)} × consume only`,
);
say(`  of which the database step    ${perSecond(chain.databaseEventsPerSecond)}   per lane`);
say(`  stored                        ${Math.round(chain.bytesPerEvent)} bytes per event, row with index`);
