import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { added, type Contents, emptyContents } from './contents.ts';
import type { Share, ShareResult } from './worker.ts';

const WORKER = fileURLToPath(new URL('worker.ts', import.meta.url));
const WORKERS = 2;

export type BlockResult = { worlds: number; contents: Contents; failure: { seed: number; story: string } | undefined };

/** Runs the worlds from `first` on in processes of their own, each with its own PostgreSQL. Of several failures, tells the lowest. */
export async function runBlock(first: number, count: number): Promise<BlockResult> {
  const shares = Array.from({ length: WORKERS }, (_, index) => ({
    first: first + index,
    step: WORKERS,
    end: first + count,
  }));
  const results = await Promise.all(shares.map(runElsewhere));
  const failures = results.flatMap(({ failure }) => failure ?? []).sort((a, b) => a.seed - b.seed);
  return {
    worlds: results.reduce((sum, { worlds }) => sum + worlds, 0),
    contents: results.map(({ contents }) => contents).reduce(added, emptyContents()),
    failure: failures[0],
  };
}

async function runElsewhere({ first, step, end }: Share): Promise<ShareResult> {
  const child = fork(WORKER, [first, step, end].map(String), { execArgv: [] });
  let result: ShareResult | undefined;
  child.once('message', (message) => {
    result = message as ShareResult;
  });
  const [code] = await once(child, 'exit');
  if (result === undefined) throw new Error(`the worker for the seeds from ${first} ended with ${code} and no result`);
  return result;
}
