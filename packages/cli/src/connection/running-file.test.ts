import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { findRunning } from './running-file.ts';

const complete = {
  kind: 'stack',
  pid: process.pid,
  kafkaBrokers: '127.0.0.1:9092',
  databaseUrl: 'postgres://127.0.0.1/near',
  startedAt: '2026-11-23T12:00:00Z',
};

test('the nearest running Bursar above a folder is found', (t) => {
  const { root, below } = folders(t);
  write(root, { ...complete, databaseUrl: 'postgres://127.0.0.1/far' });
  assert.equal(findRunning([below], () => {})?.databaseUrl, 'postgres://127.0.0.1/far');
  write(below, complete);
  assert.equal(findRunning([below], () => {})?.databaseUrl, 'postgres://127.0.0.1/near');
});

test('a record whose process has ended is passed over with a line that says so', (t) => {
  const { root, below } = folders(t);
  const { pid } = spawnSync(process.execPath, ['--version']);
  write(root, complete);
  write(below, { ...complete, pid });
  const ignored: string[] = [];
  assert.equal(findRunning([below], (line) => ignored.push(line))?.pid, process.pid);
  assert.match(ignored.join('\n'), new RegExp(`is ignored: its process ${pid} \\(pnpm stack\\) has ended`));
});

test('a damaged record is passed over with a line that says so', (t) => {
  const { below } = folders(t);
  write(below, { ...complete, pid: 0 });
  const ignored: string[] = [];
  findRunning([below], (line) => ignored.push(line));
  assert.match(ignored.join('\n'), /not a complete record/);
});

function folders(t: TestContext): { root: string; below: string } {
  const root = mkdtempSync(join(tmpdir(), 'bursar-running-'));
  t.after(() => rmSync(root, { recursive: true }));
  const below = join(root, 'service', 'src');
  mkdirSync(below, { recursive: true });
  return { root, below };
}

function write(folder: string, record: object): void {
  mkdirSync(join(folder, '.bursar'), { recursive: true });
  writeFileSync(join(folder, '.bursar', 'running.json'), JSON.stringify(record));
}
