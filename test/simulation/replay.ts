import { parseArgs } from 'node:util';
import { added, emptyContents } from './contents.ts';
import { openSimulation, tell } from './simulation.ts';

const { values } = parseArgs({
  options: { seed: { type: 'string' }, count: { type: 'string', default: '1' }, trace: { type: 'boolean' } },
});
const simulation = await openSimulation();
const first = Number(values.seed ?? 1);
let failed = 0;
let contents = emptyContents();
const begun = process.hrtime.bigint();
for (let seed = first; seed < first + Number(values.count); seed++) {
  const result = await simulation.run(seed);
  contents = added(contents, result.contents);
  if (result.failure !== undefined) failed++;
  if (result.failure !== undefined || values.count === '1')
    process.stdout.write(`${tell(result, values.trace === true)}\n`);
}
const seconds = Number((process.hrtime.bigint() - begun) / 1_000_000n) / 1_000;
process.stdout.write(`${values.count} worlds, ${failed} failed, ${seconds} s: ${JSON.stringify(contents)}\n`);
// PGlite leaves a timer of PostgreSQL's behind, which would keep the process.
process.exit(failed > 0 ? 1 : 0);
