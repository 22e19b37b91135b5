export { bursar, type CallContext } from './call-context.ts';
export { MeterOptionsError } from './emitter-identity.ts';
export { createMeter, type Meter, type MeterOptions } from './meter.ts';
export type { MeterStats } from './meter-ledger.ts';
export type { MeterProblem } from './problem-report.ts';
