import type { SoakKey } from '../company.ts';
import type { OracleCell } from './oracle.ts';
import type { PriceChange } from './price-history.ts';

/** What the soak tells the generator. */
export type Order =
  | {
      readonly start: {
        readonly brokers: readonly string[];
        readonly topic: string;
        readonly keys: readonly SoakKey[];
        readonly rate: number;
        readonly seed: number;
        readonly durationMs: number;
      };
    }
  | { readonly key: SoakKey }
  | { readonly priceChange: PriceChange };

export type Progress = { readonly made: number; readonly waiting: number; readonly failedSends: number };

/** Everything that the ledger must hold, by the generator's own account. Every event is acknowledged by Kafka. */
export type Account = {
  readonly events: number;
  /** Records sent on purpose a second time. */
  readonly duplicates: number;
  /** Records that cannot be read, each text once. */
  readonly unreadable: readonly string[];
  /** Ids of events that came a second time under somebody else's Kafka key. */
  readonly misaddressed: readonly string[];
  readonly cells: readonly OracleCell[];
  readonly emitters: readonly { readonly id: string; readonly boot: string; readonly seq: number }[];
  readonly bytesPerEvent: number;
  readonly failedSends: number;
};

/** What the generator tells the soak. */
export type Report = { readonly progress: Progress } | { readonly finished: Account };
