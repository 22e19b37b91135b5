import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { REPOSITORY } from '../infra/local/repository.ts';
import { rules } from './tidy/rules.ts';
import { repositorySources } from './tidy/sources.ts';

const sources = repositorySources();

for (const rule of rules) {
  test(`tidy: ${rule.name}`, () => {
    assert.deepEqual(rule.broken(sources), []);
  });
  test(`tidy finds a planted violation: ${rule.name}`, () => {
    const before = rule.broken(sources).length;
    const others = sources.filter((source) => source.path !== rule.planted.path);
    assert.ok(rule.broken([...others, rule.planted]).length > before, 'the rule did not see what was planted');
  });
}

test('tidy finds a planted violation: no function over 70 lines without a reason beside it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bursar-tidy-'));
  const long = `export function long(): number {\n${'  Math.abs(1);\n'.repeat(71)}  return 1;\n}\n`;
  await writeFile(join(folder, 'long.ts'), long);
  const biome = join(REPOSITORY, 'node_modules/@biomejs/biome/bin/biome');
  const linted = promisify(execFile)(process.execPath, [
    biome,
    'lint',
    `--config-path=${REPOSITORY}`,
    '--vcs-enabled=false',
    folder,
  ]);
  const said = await linted.then(
    () => 'biome was content',
    (error: { stdout: string; stderr: string }) => error.stdout + error.stderr,
  );
  await rm(folder, { recursive: true });
  assert.match(said, /noExcessiveLinesPerFunction/);
});
