/** `pnpm test:soak [--minutes N] [--seed S] [--rate N]`: everything breaks for a while, and then every sum must be exact. */
import { inWords, scheduleFor } from './chaos/schedule.ts';
import { unleash } from './chaos/unleash.ts';
import { Tally } from './chaos/world.ts';
import { delays, recoveries } from './compare/delays.ts';
import { install } from './installation.ts';
import { readOptions } from './options.ts';
import { expectationOf, finalLimits, variedLimits } from './policy.ts';
import { priceChanger } from './prices.ts';
import { tellProgress } from './progress.ts';
import { randomOf } from './random.ts';
import { reportLines } from './report.ts';
import { startGenerator } from './traffic/start-generator.ts';
import { verify } from './verify.ts';

const say = (line: string) => void process.stdout.write(`${line}\n`);
// Servers, services and the generator end with this process, whatever ends it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130));

const { minutes, seed, rate } = readOptions(process.argv.slice(2));
const random = randomOf(seed);
const schedule = scheduleFor(minutes, random);
const durationMs = minutes * 60_000;
say(`soak: ${minutes} min, seed ${seed}, ${rate} events/s; the schedule:`);
for (const action of schedule) say(`${(action.atMs / 1_000).toFixed(1).padStart(8)} s  ${inWords(action)}`);

await using installation = await install(say, schedule.filter(({ kind }) => kind === 'new key').length);
const { servers, db, keys, supervisor } = installation;
say(`\nKafka ${servers.kafka.version}, PostgreSQL ${servers.postgres.version}, ${keys.length} keys; it begins`);
const tally = new Tally();
const limits = finalLimits(expectationOf(seed, (rate * durationMs) / 1_000), minutes);
const change = async (next: typeof limits) => {
  await installation.apply(next);
  tally.add('policies put in force');
};
await change(variedLimits(limits, random));
const { brokers } = servers.kafka;
await using generator = startGenerator({ brokers, topic: installation.topic, keys, rate, seed, durationMs });
using _ = tellProgress(db, () => generator.progress.made, say);
const incurred = await unleash(
  schedule,
  {
    ...installation.world,
    changePolicy: () => change(variedLimits(limits, random)),
    changePrices: priceChanger({ installation, generator, random, durationMs, tally }),
    makeKey: (index) => generator.add(installation.makeKey(index)),
  },
  tally,
  say,
);
const account = await generator.finished;
say(`\n${account.events} events are in Kafka; waiting until the ledger has them`);
await change(limits);
const marks = await installation.caughtUp();
const comparisons = await verify(installation, account, limits, marks);
const outcome = { account, tally, comparisons, delays: await delays(db), recoveries: await recoveries(db, incurred) };
for (const line of reportLines({ ...outcome, unaskedEnds: supervisor.unaskedEnds })) say(line);
const badEnds = await supervisor.drain();
for (const end of badEnds) say(`  ⚠ was asked to end and did not end with 0: ${end}`);
if (comparisons.some(({ differences }) => differences.length > 0)) process.exitCode = 1;
say(process.exitCode === 1 ? '\nthe soak FAILED' : '\nthe soak passed: everything equals the oracle');
