import { offsetsAt, type Watermarks, watermarks } from '@bursar/bus/admin';
import type { KafkaSettings } from '@bursar/bus/kafka-settings';

/** The usage topic as Kafka has it now, to those who move the ledger's place on it. */
export type UsageLog = {
  readonly topic: string;
  readonly clusterId: string;
  watermarks(): Promise<readonly Watermarks[]>;
  /** The first offset of each partition whose record is not older, by Kafka's timestamp; its end when there is none. */
  offsetsAt(atMs: number): Promise<ReadonlyMap<number, bigint>>;
};

export function usageLog(kafka: KafkaSettings, topic: string, clusterId: string): UsageLog {
  return {
    topic,
    clusterId,
    watermarks: () => watermarks(kafka, topic),
    offsetsAt: (atMs) => offsetsAt(kafka, topic, atMs),
  };
}
