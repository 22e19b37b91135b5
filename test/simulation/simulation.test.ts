import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { runBlock } from './run-block.ts';

const REPLAY = fileURLToPath(new URL('replay.ts', import.meta.url));
const WORLDS = 2_000;

test('one seed is one story: played twice, it leaves the same trace', async () => {
  for (const seed of [7, 20]) {
    const [first, again] = [await traceOf(seed), await traceOf(seed)];
    assert.match(first, /^[0-9a-f]{16}$/);
    assert.equal(again, first);
  }
});

test(`the fixed block of ${WORLDS} worlds keeps every invariant`, async (context) => {
  const { worlds, contents, failure } = await runBlock(1, WORLDS);
  context.diagnostic(`${worlds} worlds: ${JSON.stringify(contents)}`);
  assert.equal(failure, undefined, failure?.story);
  assert.equal(worlds, WORLDS);
});

/** As a person replays it, in a process of its own. */
async function traceOf(seed: number): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [REPLAY, '--seed', String(seed)]);
  return / trace ([0-9a-f]+)/.exec(stdout)?.[1] ?? stdout;
}
