/** `node test/bench/self-time.ts FILE.cpuprofile`: the functions with the most time of their own, as lines of text. */
import { readFile } from 'node:fs/promises';

type Profile = {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[];
  samples: number[];
  timeDeltas: number[];
};

const MOST_LINES = 25;
const [file] = process.argv.slice(2);
if (file === undefined) throw new Error('usage: node test/bench/self-time.ts FILE.cpuprofile');
const { nodes, samples, timeDeltas }: Profile = JSON.parse(await readFile(file, 'utf8'));
const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
const selfUs = new Map<string, number>();
let totalUs = 0;
samples.forEach((id, index) => {
  const { functionName, url, lineNumber } = frames.get(id)!;
  const where = url.replace(/^.*\/node_modules\/(?:\.pnpm\/)?/, '').replace(/^file:\/\/.*?\/(?=packages|services)/, '');
  const name = `${functionName || '(anonymous)'} ${where}${url ? `:${lineNumber + 1}` : ''}`;
  const us = timeDeltas[index]!;
  totalUs += us;
  selfUs.set(name, (selfUs.get(name) ?? 0) + us);
});
const top = [...selfUs].sort(([, a], [, b]) => b - a).slice(0, MOST_LINES);
for (const [name, us] of top) process.stdout.write(`${((us / totalUs) * 100).toFixed(1).padStart(5)} %  ${name}\n`);
