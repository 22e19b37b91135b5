import { added, type Contents, emptyContents } from './contents.ts';
import { openSimulation, tell } from './simulation.ts';

/** What a worker process is to run: seeds from `first`, every `step`th, below `end`. */
export type Share = { first: number; step: number; end: number };
export type ShareResult = { worlds: number; contents: Contents; failure?: { seed: number; story: string } };

/** Runs a share of the worlds up to the first that fails. */
export async function runShare({ first, step, end }: Share): Promise<ShareResult> {
  const simulation = await openSimulation();
  let contents = emptyContents();
  let worlds = 0;
  for (let seed = first; seed < end; seed += step) {
    const result = await simulation.run(seed);
    worlds++;
    contents = added(contents, result.contents);
    if (result.failure !== undefined) return { worlds, contents, failure: { seed, story: tell(result) } };
  }
  return { worlds, contents };
}

if (process.send !== undefined && import.meta.main) {
  process.once('disconnect', () => process.exit());
  const [first, step, end] = process.argv.slice(2).map(Number);
  const result = await runShare({ first: first!, step: step!, end: end! });
  process.send(result, () => process.disconnect());
}
