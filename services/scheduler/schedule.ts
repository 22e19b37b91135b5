import type { Queryable } from '@bursar/db/pool';
import { claimTick } from '@bursar/db/schedule/claim-tick';
import { takeOverTicks } from '@bursar/db/schedule/take-over-ticks';
import type { Log } from '@bursar/runtime/log';
import type { Part } from '@bursar/runtime/part';
import { createTask, type Logger, type ScheduledTask } from 'node-cron';
import { postgresCoordinator } from './coordinator.ts';
import type { Job } from './job.ts';
import type { SchedulerMetrics } from './metrics.ts';
import { createJobRunner } from './run-job.ts';

export type ScheduleOptions = {
  db: Queryable;
  jobs: readonly Job[];
  /** Unique among all instances. */
  owner: string;
  log: Log;
  metrics: Pick<SchedulerMetrics, 'runSeconds'>;
  /** How often to look for ticks of instances that are gone. Default 5 s. */
  takeOverEveryMs?: number;
};

const TAKE_OVER_EVERY_MS = 5_000;
const LONGEST_DELAY_MS = 60_000;

/**
 * node-cron rings, Postgres decides which instance answers. Runs until it is told to stop or a job throws an ExitError;
 * draining waits for the runs under way.
 */
export function createSchedule(options: ScheduleOptions): Part {
  const { db, jobs, owner, log } = options;
  const runner = createJobRunner(options);
  const underWay = new Map<string, Promise<void>>();
  const end = Promise.withResolvers<void>();

  function run(job: Job, tick: Date, stop: AbortSignal): Promise<void> {
    const running = runner
      .run(job, tick, stop)
      .catch(end.reject)
      .finally(() => underWay.delete(job.name));
    underWay.set(job.name, running);
    return running;
  }

  async function runAtStart(job: Job, stop: AbortSignal): Promise<void> {
    const tick = new Date();
    if (await claimTick(db, { job: job.name, tick, owner, leaseMs: job.leaseMs })) await run(job, tick, stop);
  }

  async function takeOver(stop: AbortSignal): Promise<void> {
    const free = jobs.filter((job) => !underWay.has(job.name));
    for (const { job: name, tick } of await takeOverTicks(db, owner, free)) {
      log.warn({ job: name, tick }, `${name} was left unfinished by another instance; taking it over`);
      void run(jobs.find((job) => job.name === name)!, tick, stop);
    }
  }

  const reported = (what: string) => (error: unknown) => log.warn({ err: error }, `${what} failed; will try again`);

  return {
    name: 'schedule',
    async run(signal) {
      signal.addEventListener('abort', () => end.resolve(), { once: true });
      const tasks = jobs.map((job) => ring(job, options, (tick) => run(job, tick, signal)));
      for (const job of jobs.filter(({ atStart }) => atStart))
        runAtStart(job, signal).catch(reported(`${job.name} at start`));
      const look = () => void takeOver(signal).catch(reported('looking for unfinished jobs'));
      const looking = setInterval(look, options.takeOverEveryMs ?? TAKE_OVER_EVERY_MS);
      try {
        await end.promise;
      } finally {
        clearInterval(looking);
        for (const task of tasks) await task.destroy();
      }
    },
    async drain() {
      await Promise.all(underWay.values());
    },
    ready: runner.ready,
  };
}

function ring(job: Job, { db, owner, log }: ScheduleOptions, run: (tick: Date) => Promise<void>): ScheduledTask {
  const task = createTask(job.cron, ({ date }) => run(date), {
    name: job.name,
    timezone: 'UTC',
    noOverlap: true,
    distributed: true,
    runCoordinator: postgresCoordinator(db, owner),
    distributedLease: job.leaseMs,
    // A tick that comes late (a busy machine) is still worth running: every job reads what is, not what happened.
    missedExecutionTolerance: LONGEST_DELAY_MS,
    suppressMissedWarning: true,
    logger: cronLogger(job, log),
  });
  void task.start();
  return task;
}

function cronLogger({ name }: Job, log: Log): Logger {
  return {
    info: (message) => log.debug({ job: name }, message),
    warn: (message) => log.debug({ job: name }, message),
    error: (message, err) => log.warn({ job: name, err: err ?? message }, `${name} did not run`),
    debug: () => {},
  };
}
