import { Counter, createRegistry, Gauge, Histogram } from '@bursar/runtime/metrics';

export type AggregatorMetrics = ReturnType<typeof createMetrics>;

export function createMetrics() {
  const registry = createRegistry('aggregator');
  const registers = [registry];
  return {
    registry,
    events: new Counter({
      name: 'bursar_events_total',
      help: 'Usage events read, by what became of them.',
      labelNames: ['result'],
      registers,
    }),
    quarantined: new Counter({
      name: 'bursar_quarantined_total',
      help: 'Records that were quarantined, by reason.',
      labelNames: ['reason'],
      registers,
    }),
    principalsFolded: new Counter({
      name: 'bursar_principals_folded_total',
      help: 'Events counted under the principal "other" because their key had too many principals that day.',
      registers,
    }),
    waiting: new Gauge({
      name: 'bursar_partitions_waiting_for_postgres',
      help: 'Partitions whose batch Postgres does not take: it is away, full or read-only.',
      registers,
    }),
    signatures: new Counter({
      name: 'bursar_signatures_total',
      help: 'Signatures looked at, by the service that speaks, if a secret of it is here. Where valid alone rises, require_signature refuses nothing.',
      labelNames: ['speaker', 'result'],
      registers,
    }),
    breaches: new Counter({ name: 'bursar_breaches_total', help: 'Thresholds crossed on the write path.', registers }),
    lateCrossings: new Counter({
      name: 'bursar_late_crossings_total',
      help: 'Thresholds crossed in windows that were already closed; they act on nothing.',
      registers,
    }),
    lostClaims: new Counter({
      name: 'bursar_lost_claims_total',
      help: 'Batches given up because another writer or another configuration came first.',
      registers,
    }),
    batchSeconds: new Histogram({
      name: 'bursar_batch_seconds',
      help: 'Time to write one batch to Postgres.',
      buckets: [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1, 5],
      registers,
    }),
    lag: new Gauge({
      name: 'bursar_consumer_lag',
      help: 'Records on the broker that are not in the ledger yet.',
      labelNames: ['partition'],
      registers,
    }),
    epoch: new Gauge({ name: 'bursar_configuration_epoch', help: 'The configuration in use.', registers }),
  };
}
