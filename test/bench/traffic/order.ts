import type { Oracle } from '../../harness/traffic.ts';

/** What the generator is asked for; without a rate as fast as Kafka takes it. `secrets`, by service, sign. */
export type Order = {
  brokers: string[];
  topic: string;
  count: number;
  keys: number;
  ratePerS?: number;
  secrets?: Record<string, string>;
};

/** One send to Kafka: when it left, in milliseconds since 1970, with these events. */
export type Sent = { atMs: number; ids: string[] };

export type Produced = {
  count: number /** Offered but not taken: the emitter's queue was full. */;
  dropped: number;
  bytesPerEvent: number;
  perS: number;
  oracle: Oracle;
  sent: Sent[];
};
