import type { ChainRun } from '../measures/chain.ts';
import type { Step } from '../measures/database-step.ts';
import type { Idle } from '../measures/idle.ts';
import type { Overshoot } from '../measures/overshoot.ts';
import type { Percentiles } from '../measures/percentiles.ts';
import type { Storage } from '../measures/storage.ts';

/** What a run measured, as `--json` writes it. Rates are events per second. */
export type Figures = {
  ranAt: string;
  quick: boolean;
  machine: { cores: number; model: string; memoryGiB: number; node: string; kafka: string; postgres: string };
  /** The last two are saturation: everything waited in Kafka before it began; of these the second is signed. */
  chain: ChainRun[];
  databaseStep: Step;
  databaseSteps: Step[];
  lanes: { n: number; perS: number }[];
  crossingToRequest: Percentiles & { keys: number; exact: boolean };
  crossingToReadBack: Percentiles;
  overshoot: Overshoot[];
  recovery: { worstMs: number; afterSigtermWorstMs: number; exact: boolean };
  /** Undefined where there is no /proc. */
  idle?: Idle;
  eventBytes: number;
  bytesPerStoredEvent: number;
  storage: Storage;
  ceilings: { consumePerS: number; copyPerS: number };
  /** Every sum was the generator's to the last digit, and every key that crossed was switched off once. */
  exact: boolean;
};
