import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { identify, isRunning, type ProcessIdentity, waitUntilGone } from './process-identity.ts';

/**
 * One stack's folder, `<root>/run/<pid of its owner>-<random>`: data, logs, and a `*.process.json` per process.
 * The owner and the keeper guard the folder; every other process in it is a server.
 */
const GUARDS = ['owner', 'keeper'];
const RECORD = /^(.+)\.process\.json$/;

/** The data is thrown away with the server, so the quickest signal that leaves nothing behind is the right one. */
export type StopSignal = 'SIGQUIT' | 'SIGKILL';
type ProcessRecord = ProcessIdentity & { readonly stopSignal?: StopSignal };

export async function createRunFolder(root: string): Promise<string> {
  const folder = join(root, 'run', `${process.pid}-${randomBytes(4).toString('hex')}`);
  await mkdir(folder, { recursive: true, mode: 0o755 });
  await recordProcess(folder, 'owner', process.pid);
  return folder;
}

/** Writes down a process that belongs to the folder, so that a later start can recognise it beyond doubt. */
export async function recordProcess(folder: string, name: string, pid: number, stopSignal?: StopSignal): Promise<void> {
  const identity = await identify(pid);
  if (!identity) return;
  await writeFile(join(folder, `${name}.process.json`), JSON.stringify({ ...identity, stopSignal }), { mode: 0o600 });
}

/** Writes down a folder elsewhere that lives and dies with this run folder. */
export async function recordElsewhere(folder: string, elsewhere: string): Promise<void> {
  await writeFile(join(folder, 'elsewhere.json'), JSON.stringify(elsewhere), { mode: 0o600 });
}

export async function removeRunFolder(folder: string): Promise<void> {
  const elsewhere = await readJson<string>(join(folder, 'elsewhere.json'));
  if (elsewhere) await rm(elsewhere, { recursive: true, force: true });
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}

/**
 * Ends the servers and removes the folders that a crash left behind, and tells how many folders there were.
 * A folder whose owner or keeper still runs is left alone; a process is killed only if its start time matches too.
 */
export async function sweepRunFolders(root: string): Promise<number> {
  const names = await readdir(join(root, 'run')).catch(() => []);
  const swept = await Promise.all(names.map((name) => sweepOne(join(root, 'run', name), Number.parseInt(name, 10))));
  return swept.filter(Boolean).length;
}

async function sweepOne(folder: string, ownerPid: number): Promise<boolean> {
  const processes = await readRecords(folder);
  // A folder so young that its owner has not signed yet is known by the pid in its name.
  if (!processes.has('owner') && (await identify(ownerPid))) return false;
  for (const guard of GUARDS) {
    const identity = processes.get(guard);
    if (identity && (await isRunning(identity))) return false;
  }
  for (const identity of processes.values()) await end(identity);
  await removeRunFolder(folder);
  return true;
}

async function end(record: ProcessRecord): Promise<void> {
  for (const signal of [record.stopSignal ?? 'SIGKILL', 'SIGKILL']) {
    if (!(await isRunning(record))) return;
    process.kill(record.pid, signal);
    if (await waitUntilGone(record, 2_000)) return;
  }
}

async function readRecords(folder: string): Promise<Map<string, ProcessRecord>> {
  const records = new Map<string, ProcessRecord>();
  for (const file of await readdir(folder).catch(() => [])) {
    const name = RECORD.exec(file)?.[1];
    const identity = name && (await readJson<ProcessRecord>(join(folder, file)));
    if (name && identity) records.set(name, identity);
  }
  return records;
}

async function readJson<T>(path: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as T;
  } catch {
    return undefined;
  }
}
