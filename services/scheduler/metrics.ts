import type { Queryable } from '@bursar/db/pool';
import { lastSuccesses } from '@bursar/db/schedule/last-successes';
import { Counter, Gauge, Histogram, type Registry } from '@bursar/runtime/metrics';

export type SchedulerMetrics = {
  runSeconds: Histogram<'job' | 'outcome'>;
  /** Breaches that only the sweep found. Each is a defect of the write path. */
  breachesMissed: Counter;
};

/** The scheduler's own series. The last success of a job is read from the database: any instance may have run it. */
export function createSchedulerMetrics(registry: Registry, db: Queryable): SchedulerMetrics {
  new Gauge({
    name: 'bursar_job_last_success_timestamp_seconds',
    help: 'When a job last succeeded, on any scheduler.',
    labelNames: ['job'],
    registers: [registry],
    async collect() {
      // Without the database the last known times stay: they grow old, which is what an alert must see.
      for (const { job, finishedAt } of await lastSuccesses(db).catch(() => [])) {
        this.set({ job }, finishedAt.getTime() / 1_000);
      }
    },
  });
  return {
    runSeconds: new Histogram({
      name: 'bursar_job_duration_seconds',
      help: 'How long a run of a job took, by outcome.',
      labelNames: ['job', 'outcome'],
      buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60],
      registers: [registry],
    }),
    breachesMissed: new Counter({
      name: 'bursar_breach_missed_total',
      help: 'Breaches that the write path should have recorded and only the sweep found.',
      registers: [registry],
    }),
  };
}
