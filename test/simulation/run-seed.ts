import type { Clock } from './clock.ts';
import type { Contents } from './contents.ts';
import type { Database } from './database.ts';
import { checkEnforcement } from './invariants-enforcement.ts';
import { checkLedger } from './invariants-ledger.ts';
import { openRevoker } from './members.ts';
import { Process } from './scheduler.ts';
import { happen } from './story.ts';
import { World } from './world.ts';

export type SeedResult = {
  seed: number;
  failure: unknown;
  traceHash: string;
  trace: readonly string[];
  steps: number;
  contents: Contents;
};

const LONGEST_RETRY_MS = 301_000;

/** Runs one world to its end and checks it. */
export async function runSeed(seed: number, clock: Clock, database: Database): Promise<SeedResult> {
  await database.query('rollback');
  await database.reset();
  const world = new World(seed, clock, database);
  let failure: unknown;
  try {
    await live(world);
  } catch (error) {
    failure = error;
  }
  const { scheduler } = world;
  const trace = { traceHash: scheduler.traceHash(), trace: scheduler.trace, steps: scheduler.step };
  return { seed, failure, ...trace, contents: contentsOf(world) };
}

function contentsOf({ contents, scheduler, oracle, topic, adminApi, emitted, withRevoker }: World): Contents {
  const isHole = (low: bigint, partition: number) => (oracle.next.get(partition) ?? low) < low;
  return {
    ...contents,
    ...{ events: emitted, crashes: scheduler.crashes, stalls: scheduler.stalls, withRevoker: withRevoker ? 1 : 0 },
    ...{ duplicates: oracle.duplicates, unreadable: oracle.unreadable.length, breaches: oracle.breaches.size },
    holes: topic.partitions.filter((log, partition) => !log.rewritten && isHole(log.low, partition)).length,
    rewrittenLogs: topic.partitions.filter((log) => log.rewritten).length,
    policyChanges: Math.max(0, oracle.activated.size - 1),
    priceChanges: oracle.priceChanges,
    acts: adminApi.calls.filter((call) => call.changed).length,
  };
}

async function live(world: World): Promise<void> {
  const { scheduler, random, adminApi } = world;
  scheduler.faults = random.pick([
    { crash: 0, stall: 0.01 },
    { crash: 0.01, stall: 0 },
    { crash: 0.03, stall: 0.02 },
  ]);
  adminApi.faults = random.pick([0, 0.1, 0.4]);
  for (let count = random.int(1, world.withRevoker ? 3 : 2); count > 0; count--) world.startAggregator();
  if (world.withRevoker) for (let count = random.int(1, 2); count > 0; count--) world.startRevoker();
  await drive(world, happen(world));
  await end(world);
}

/** Lets time go on until a piece of work is done, or anything is wrong. */
async function drive(world: World, work: Promise<unknown>): Promise<void> {
  let over = false;
  let failure: unknown;
  work.then(
    () => {
      over = true;
    },
    (error) => {
      failure = error;
      over = true;
    },
  );
  await world.scheduler.run(() => over || world.errors.length > 0);
  if (world.errors.length > 0) throw world.errors[0];
  if (failure !== undefined) throw failure;
}

/** Everybody dies; one of each starts again, without faults, and finishes what there is. */
async function end(world: World): Promise<void> {
  const { scheduler, adminApi, clock } = world;
  world.closing = true;
  scheduler.faults = { crash: 0, stall: 0 };
  adminApi.faults = 0;
  for (const { process } of [...world.aggregators]) await scheduler.kill(process);
  for (const process of scheduler.others(world.itself)) await scheduler.kill(process);
  clock.advance(LONGEST_RETRY_MS);
  world.emitAfterLoss();
  world.startAggregator();
  await drive(world, settled(world));
  if (world.withRevoker) await drive(world, enforce(world));
  for (const { process } of [...world.aggregators]) await scheduler.kill(process);
  await drive(world, checkLedger(world));
  if (world.withRevoker) await drive(world, checkEnforcement(world));
}

async function settled(world: World): Promise<void> {
  const { scheduler, topic, oracle, aggregators } = world;
  await scheduler.sleep(world.itself, 500, 'settle');
  await aggregators[0]!.aggregator.configuration.keep();
  const isSettled = () =>
    topic.partitions.every(
      (log, partition) =>
        aggregators[0]!.member.isPaused(partition) ||
        (!log.rewritten && (oracle.next.get(partition) ?? log.low) === log.high),
    );
  do await scheduler.until(world.itself, isSettled, 'settled');
  while ((await aggregators[0]!.aggregator.lift()) > 0);
  await aggregators[0]!.aggregator.configuration.keep();
  scheduler.drift = false;
}

async function enforce(world: World): Promise<void> {
  const process = new Process('revoker at the end');
  const revoker = openRevoker(world.poolOf(process), process, world.adminApi, world.random);
  for (let round = 0; round < 3; round++) {
    for (const loop of [revoker.consume, revoker.act, revoker.release, revoker.act]) {
      await loop.tickNow();
      await revoker.act.settled();
    }
    if (round === 0) world.clock.advance(LONGEST_RETRY_MS);
  }
  process.alive = false;
}
