export { bursar, type CallContext } from './call-context.ts';
export { MeterOptionsError } from './emitter-identity.ts';
export { kafkaFromEnvironment } from './kafka-from-environment.ts';
export { createMeter } from './meter.ts';
export type { KafkaConnection, Meter, MeterableClient, MeterOptions, MeterStats } from './meter-api.ts';
export type { MeterProblem } from './problem-report.ts';
