import { parseArgs } from 'node:util';

export type BenchOptions = {
  /** Where the figures go as JSON. */
  json?: string;
  /** Short runs: about two minutes instead of eight. */
  quick: boolean;
  /** A folder for a CPU profile of the aggregator at saturation. */
  profile?: string;
};

/** `--json FILE`, `--quick`, `--profile FOLDER`. Throws for anything else. */
export function readBenchOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: args.filter((argument) => argument !== '--'),
    options: { json: { type: 'string' }, quick: { type: 'boolean', default: false }, profile: { type: 'string' } },
  });
  return {
    quick: values.quick,
    ...(values.json === undefined ? {} : { json: values.json }),
    ...(values.profile === undefined ? {} : { profile: values.profile }),
  };
}

export type Sizes = {
  chainSeconds: number;
  eventsPerStep: number;
  saturationSeconds: number;
  recoverySeconds: number;
  crossingKeys: number;
  crossingSeconds: number;
  idleSeconds: number;
};

export const FULL: Sizes = {
  ...{ chainSeconds: 20, eventsPerStep: 100_000, saturationSeconds: 20, recoverySeconds: 18 },
  ...{ crossingKeys: 100, crossingSeconds: 20, idleSeconds: 20 },
};
export const QUICK: Sizes = {
  ...{ chainSeconds: 5, eventsPerStep: 30_000, saturationSeconds: 4, recoverySeconds: 6 },
  ...{ crossingKeys: 30, crossingSeconds: 5, idleSeconds: 6 },
};

/** Lets the test harness, which finds its servers by the environment, use these. */
export function offerToHarness(stack: { kafkaBrokers: string; databaseUrl: string }): void {
  process.env['BURSAR_TEST_KAFKA_BROKERS'] = stack.kafkaBrokers;
  process.env['BURSAR_TEST_DATABASE_URL'] = stack.databaseUrl;
}
