import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { install, policyText } from '../../harness/installation.ts';

export type Idle = {
  cpuPercent: number;
  rssMiB: number;
  services: { name: string; cpuPercent: number; rssMiB: number }[];
};

const SETTLE_MS = 5_000;
/** What Linux calls USER_HZ: /proc counts in hundredths of a second everywhere Node runs. */
const TICKS_PER_S = 100;

/** All services with nothing to do, at their production rhythm: per cent of one core, and memory. Linux only; else undefined. */
export async function measureIdle(seconds: number): Promise<Idle | undefined> {
  if (process.platform !== 'linux') return undefined;
  const keys = [{ name: 'search' }];
  await using bursar = await install(
    'bench idle',
    keys.map(({ name }) => ({ name, workspace: 'Development' })),
    { BURSAR_CRON_INVENTORY: '* * * * *', LOG_LEVEL: 'info' },
  );
  await Promise.all([bursar.start('aggregator'), bursar.start('scheduler'), bursar.start('revoker')]);
  await bursar.apply(policyText({ keys }));
  await sleep(SETTLE_MS);
  const running = [...bursar.services];
  const before = await Promise.all(running.map(([, { pid }]) => cpuSeconds(pid)));
  const startedAtMs = performance.now();
  await sleep(seconds * 1_000);
  const elapsedS = (performance.now() - startedAtMs) / 1_000;
  const services = await Promise.all(
    running.map(async ([name, { pid }], index) => ({
      name,
      cpuPercent: (((await cpuSeconds(pid)) - before[index]!) / elapsedS) * 100,
      rssMiB: await residentMiB(pid),
    })),
  );
  const sum = (of: (one: (typeof services)[number]) => number) => services.reduce((total, one) => total + of(one), 0);
  return { cpuPercent: sum((one) => one.cpuPercent), rssMiB: sum((one) => one.rssMiB), services };
}

async function cpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The name of the program, in parentheses, may hold blanks; utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S;
}

async function residentMiB(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)![1]) / 1_024;
}
