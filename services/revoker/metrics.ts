import { Counter, createRegistry, Gauge, Histogram, type Registry } from '@bursar/runtime/metrics';

export type RevokerMetrics = {
  registry: Registry;
  breachesConsumed: Counter<'cause' | 'kind'>;
  breachesFailed: Counter;
  acts: Counter<'wanted' | 'outcome'>;
  breachToRequest: Histogram;
  requestToVerified: Histogram;
  gateShut: Gauge;
  breakerOpen: Gauge;
  errors: Counter<'part'>;
};

const SECONDS = [0.005, 0.01, 0.02, 0.04, 0.06, 0.1, 0.2, 0.5, 1, 2, 5, 30];

/** The revoker's series. No label names a key, a limit or a person, so their number does not grow with the company. */
export function createRevokerMetrics(registry = createRegistry('revoker')): RevokerMetrics {
  const registers = [registry];
  const counter = <Label extends string = never>(name: string, help: string, labelNames: Label[] = []) =>
    new Counter<Label>({ name: `bursar_revoker_${name}`, help, labelNames, registers });
  const gauge = (name: string, help: string) => new Gauge({ name: `bursar_revoker_${name}`, help, registers });
  const seconds = (name: string, help: string) =>
    new Histogram({ name: `bursar_revoker_${name}_seconds`, help, buckets: SECONDS, registers });
  return {
    registry,
    breachesConsumed: counter('breaches_consumed_total', 'Breaches consumed, by cause and kind.', ['cause', 'kind']),
    breachesFailed: counter('breaches_failed_total', 'Turns in which a breach could not be consumed.'),
    acts: counter('acts_total', 'Attempts at the Admin API, by wanted status and outcome.', ['wanted', 'outcome']),
    breachToRequest: seconds('breach_to_request', 'From a committed breach to the first request at the Admin API.'),
    requestToVerified: seconds('request_to_verified', 'From the request to the recorded read-back.'),
    gateShut: gauge('gate_shut', '1 while nothing may be done: paused, or our credential is refused.'),
    breakerOpen: gauge('breaker_open', '1 while our own admin credential is refused: enforcement is off.'),
    errors: counter('errors_total', 'Turns that failed and are tried again, by part.', ['part']),
  };
}
