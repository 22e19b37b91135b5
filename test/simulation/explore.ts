/** `pnpm test:simulation [--count N] [--first SEED]`: worlds that nobody has seen yet, in two processes. */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { runBlock } from './run-block.ts';

const { values } = parseArgs({
  args: process.argv.slice(2).filter((argument) => argument !== '--'),
  options: {
    count: { type: 'string', default: '2000' },
    first: { type: 'string', default: String(randomInt(10_000, 2 ** 31)) },
  },
});
const [first, count] = [values.first, values.count].map(Number) as [number, number];
if (!Number.isSafeInteger(first) || !(count > 0)) throw new Error('--first and --count are whole numbers');
process.stdout.write(`seeds ${first} to ${first + count - 1}\n`);
const { worlds, contents, failure } = await runBlock(first, count);
process.stdout.write(`${worlds} worlds: ${JSON.stringify(contents)}\n`);
if (failure !== undefined) {
  process.stdout.write(`${failure.story}\n`);
  process.exitCode = 1;
}
