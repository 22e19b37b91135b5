export type MeterProblem = {
  readonly kind: 'kafka_away' | 'queue_full' | 'field_cleaned' | 'signing_secret' | 'defect';
  /** For a log: what happened and what it means. Never holds a credential or a value from a request. */
  readonly message: string;
};

export type ProblemReport = (kind: MeterProblem['kind'], message: string) => void;

const QUIET_MS = 60_000;

/** Passes problems on, each kind at most once a minute. A listener that throws is ignored. */
export function createProblemReport(onProblem: ((problem: MeterProblem) => void) | undefined): ProblemReport {
  const lastReported = new Map<string, number>();
  return (kind, message) => {
    const now = performance.now();
    const last = lastReported.get(kind);
    if (onProblem === undefined || (last !== undefined && now - last < QUIET_MS)) return;
    lastReported.set(kind, now);
    try {
      onProblem({ kind, message });
    } catch {
      // Whoever listens to the meter must not be able to break the request it meters.
    }
  };
}
