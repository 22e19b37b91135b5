import type { Queryable } from '@bursar/db/pool';
import { finishTick } from '@bursar/db/schedule/finish-tick';
import { describeError } from '@bursar/runtime/describe-error';
import { ExitError } from '@bursar/runtime/exit-error';
import type { Log } from '@bursar/runtime/log';
import type { Job } from './job.ts';
import type { SchedulerMetrics } from './metrics.ts';

export type JobRunner = {
  /** Runs a claimed tick and records how it ended. Rejects only with an ExitError: the process must end. */
  run(job: Job, tick: Date, stop: AbortSignal): Promise<void>;
  /** Jobs that failed here several times in a row, with the last reason; else true. */
  ready(): true | string;
};

// Ends the run before another instance may take it over.
const SHARE_OF_LEASE = 0.9;
const FAILURES_UNTIL_NOT_READY = 3;

type RunnerParts = { db: Queryable; owner: string; log: Log; metrics: Pick<SchedulerMetrics, 'runSeconds'> };

/** Runs jobs whose tick this instance has claimed. */
export function createJobRunner({ db, owner, log, metrics }: RunnerParts): JobRunner {
  const failing = new Map<string, { times: number; reason: string }>();

  async function attempt(job: Job, stop: AbortSignal) {
    const signal = AbortSignal.any([stop, AbortSignal.timeout(job.leaseMs * SHARE_OF_LEASE)]);
    try {
      const detail = await job.run(signal);
      failing.delete(job.name);
      return { outcome: 'ok' as const, detail };
    } catch (error) {
      const detail = describeError(error);
      const times = (failing.get(job.name)?.times ?? 0) + 1;
      failing.set(job.name, { times, reason: detail });
      log.error(
        { job: job.name, failuresInARow: times, err: error },
        `${job.name} failed; it runs again at its next tick`,
      );
      return { outcome: 'failed' as const, detail, error };
    }
  }

  return {
    async run(job, tick, stop) {
      const startedAt = performance.now();
      const { outcome, detail, error } = await attempt(job, stop);
      metrics.runSeconds.observe({ job: job.name, outcome }, (performance.now() - startedAt) / 1_000);
      log.debug({ job: job.name, tick, outcome, detail }, `${job.name} has run`);
      const recorded = finishTick(db, { job: job.name, tick, owner, outcome, detail });
      await recorded.catch((failure) =>
        log.warn({ job: job.name, err: failure }, `the end of ${job.name} could not be recorded`),
      );
      if (error instanceof ExitError) throw error;
    },
    ready() {
      const lasting = [...failing].filter(([, failure]) => failure.times >= FAILURES_UNTIL_NOT_READY);
      if (lasting.length === 0) return true;
      return lasting.map(([job, { times, reason }]) => `${job} failed ${times} times in a row: ${reason}`).join('; ');
    },
  };
}
