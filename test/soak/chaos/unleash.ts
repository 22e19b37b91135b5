import { setTimeout as sleep } from 'node:timers/promises';
import type { Supervisor } from '../supervisor.ts';
import { sufferLink } from './link-faults.ts';
import { rebalanceStorm } from './rebalance-storm.ts';
import { type Action, inWords } from './schedule.ts';
import { forgetCounted, killBackends } from './servers-side.ts';
import type { Incurred, Tally, World } from './world.ts';

/** Faults after which it is worth knowing how long the ledger took to catch up. */
const MEASURED = new Set<Action['kind']>([
  'kill aggregator',
  'stop postgres',
  'restart kafka',
  'rebalance storm',
  'link',
]);

/**
 * Does everything that the schedule says, at its time, whatever else is under way. What fails because another
 * fault is under way is counted and told; it is not repeated.
 */
export async function unleash(
  schedule: readonly Action[],
  world: World,
  tally: Tally,
  say: (line: string) => void,
): Promise<Incurred[]> {
  const begunMs = performance.now();
  const incurred: Incurred[] = [];
  const underWay: Promise<void>[] = [];
  for (const action of schedule) {
    await sleep(Math.max(0, action.atMs - (performance.now() - begunMs)));
    underWay.push(suffer(action));
  }
  await Promise.all(underWay);
  return incurred;

  async function suffer(action: Action): Promise<void> {
    const fromMs = Date.now();
    const at = `+${((performance.now() - begunMs) / 1_000).toFixed(1)} s`.padStart(9);
    try {
      await act(action, world, tally);
      const tookMs = Date.now() - fromMs;
      if (action.kind !== 'kill backends')
        say(`${at}  ${inWords(action)}${tookMs > 500 ? ` (took ${(tookMs / 1_000).toFixed(1)} s)` : ''}`);
      if (MEASURED.has(action.kind)) incurred.push({ what: inWords(action), fromMs, toMs: Date.now() });
    } catch (error) {
      tally.add(`not done: ${action.kind}`);
      say(`${at}  ${inWords(action)}: not done, ${(error as Error).message.split('\n')[0]}`);
    }
  }
}

async function act(action: Action, world: World, tally: Tally): Promise<void> {
  const { servers, supervisor, db, topic, groupId } = world;
  switch (action.kind) {
    case 'kill aggregator':
    case 'kill other': {
      killOneOf(supervisor, action.kind === 'kill aggregator' ? world.aggregators : world.others, action.index);
      return tally.add(action.kind === 'kill aggregator' ? 'SIGKILL of an aggregator' : 'SIGKILL of another service');
    }
    case 'kill backends':
      return tally.add('killed backends', await killBackends(db, action.count));
    case 'stop postgres':
      await servers.restartPostgres();
      return tally.add('immediate stops of PostgreSQL');
    case 'restart kafka':
      await servers.restartKafka(action.signal);
      return tally.add(`restarts of the broker (${action.signal})`);
    case 'rebalance storm':
      return tally.add(
        'strangers that joined the group and left',
        await rebalanceStorm(servers.kafka.brokers, topic, groupId, action.members),
      );
    case 'link':
      await sufferLink(servers[action.link].proxy, action.fault, action.forMs);
      return tally.add(`faults of the ${action.link} link`);
    case 'policy':
      return world.changePolicy();
    case 'prices':
      return world.changePrices();
    case 'new key':
      world.makeKey(action.index);
      return tally.add('keys made while running');
    case 'retention':
      return tally.add('partitions cut off by retention', await forgetCounted(db, servers.kafka.brokers, topic));
  }
}

/** Kills the one whose turn it is, or the next that runs at this moment. */
function killOneOf({ kill }: Supervisor, names: readonly string[], turn: number): void {
  for (let step = 0; step < names.length; step++) {
    if (kill(names[(turn + step) % names.length]!) !== undefined) return;
  }
  throw new Error(`all of ${names.join(', ')} are down just now`);
}
