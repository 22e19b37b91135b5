import type { Random } from './random.ts';
import type { World } from './world.ts';

const MINUTE_MS = 60_000;

/** Everything that happens in a world of its own accord, side by side, until all of it has happened. */
export async function happen(world: World): Promise<void> {
  const { random, scheduler, withRevoker } = world;
  await Promise.all([
    several(world, withRevoker ? random.int(20, 45) : random.int(10, 25), 250, 'emit', async () => world.emit()),
    several(world, random.int(2, withRevoker ? 4 : 3), 2_000, 'policy', () => world.submitPolicy()),
    several(world, random.int(0, 2), 4_000, 'prices', () => world.submitPrices()),
    inventory(world),
    several(world, random.int(1, 5), 1_000, 'rebalance', async () => rebalance(world)),
    several(world, random.int(0, 2), 3_000, 'hint', async () => loseHint(world)),
    several(world, random.int(0, 3), 3_000, 'jump', async () => scheduler.note(`jump ${jump(world)}`)),
    random.chance(0.15) ? several(world, 1, 9_000, 'truncate', async () => truncate(world)) : undefined,
    random.chance(0.1) ? several(world, 1, 9_000, 'recreate', async () => recreate(world)) : undefined,
  ]);
}

async function several(
  world: World,
  times: number,
  upToMs: number,
  label: string,
  what: () => Promise<void>,
): Promise<void> {
  for (let done = 0; done < times; done++) {
    await world.scheduler.sleep(world.itself, world.random.int(0, upToMs), label);
    await what();
  }
}

async function inventory(world: World): Promise<void> {
  for (const key of world.keys) {
    const late = world.random.chance(0.3);
    await world.scheduler.sleep(world.itself, late ? world.random.int(0, 8_000) : 0, 'inventory');
    await world.learn(key);
  }
}

function rebalance(world: World): void {
  if (world.aggregators.length === 0) return;
  world.assign(world.random.int(0, world.topic.partitions.length - 1), world.random.pick(world.aggregators));
}

/** The group forgets how far it was, or remembers an old place: it reads from there. */
function loseHint(world: World): void {
  const { random, topic } = world;
  const partition = random.int(0, topic.partitions.length - 1);
  const hint = topic.hints.get(partition);
  if (hint === undefined || random.chance(0.5)) topic.hints.delete(partition);
  else topic.hints.set(partition, BigInt(random.int(0, Number(hint))));
  rebalance(world);
}

function jump(world: World): number {
  const ms = jumpMs(world.random);
  // Not inside a transaction: the world must know at what time it judged.
  if (world.scheduler.holder === undefined) world.clock.advance(ms);
  return ms;
}

function jumpMs(random: Random): number {
  return random.chance(0.4) ? random.int(20, 70) * MINUTE_MS : random.int(1, 40) * 1_000;
}

/** Retention takes records, some of which nobody has counted. */
function truncate(world: World): void {
  const { random, topic, oracle } = world;
  const partition = random.int(0, topic.partitions.length - 1);
  const log = topic.partitions[partition]!;
  // A partition that was never opened begins where it begins.
  if (!oracle.next.has(partition) || log.rewritten || log.high === log.low) return;
  log.truncate(BigInt(random.int(Number(log.low), Number(log.high))));
  topic.hints.delete(partition);
}

/** The topic is made anew with records that nobody knows: few, or past the place where the group reads on. */
function recreate(world: World): void {
  const { random, topic, oracle } = world;
  const partition = random.int(0, topic.partitions.length - 1);
  const log = topic.partitions[partition]!;
  const key = world.keys.findIndex((_, index) => index % topic.partitions.length === partition);
  if ((oracle.next.get(partition) ?? 0n) < 2n || log.low > 0n || key < 0) return;
  log.recreate();
  const fact = { kind: 'unreadable' } as const;
  const next = Number(oracle.next.get(partition));
  const isLong = random.chance(0.6);
  for (let count = isLong ? next + random.int(1, 8) : 1; count > 0; count--)
    log.append({ key: world.keys[key]!.sha256, value: 'of another time', headers: {}, fact });
  if (isLong) topic.hints.set(partition, BigInt(next));
  else topic.hints.delete(partition);
  rebalanceTo(world, partition);
}

function rebalanceTo(world: World, partition: number): void {
  if (world.aggregators.length > 0) world.assign(partition, world.random.pick(world.aggregators));
}
