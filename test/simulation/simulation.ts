import { Clock } from './clock.ts';
import { Database } from './database.ts';
import { runSeed, type SeedResult } from './run-seed.ts';
import { FIRST_MS } from './world.ts';

const DAY_MS = 86_400_000;
const SHOWN_STEPS = 40;

export type Simulation = { run(seed: number): Promise<SeedResult> };

/** A database and a clock for as many worlds as one likes, one after the other. */
export async function openSimulation(): Promise<Simulation> {
  const clock = new Clock();
  clock.start(FIRST_MS);
  const database = await Database.open(FIRST_MS - DAY_MS, FIRST_MS + 2 * DAY_MS);
  return { run: (seed) => runSeed(seed, clock, database) };
}

/** What a person needs to see of a world that went wrong. */
export function tell({ seed, failure, trace, traceHash, ...counts }: SeedResult, whole = false): string {
  const steps = trace.slice(whole ? 0 : -SHOWN_STEPS).map((line) => `  ${line}`);
  const summary = `seed ${seed}, trace ${traceHash}, ${JSON.stringify(counts)}`;
  if (failure === undefined) return whole ? [...steps, summary].join('\n') : summary;
  const what = failure instanceof Error ? (failure.stack ?? failure.message) : String(failure);
  return [summary, what, 'the last steps:', ...steps, `replay: node test/simulation/replay.ts --seed ${seed}`].join(
    '\n',
  );
}
