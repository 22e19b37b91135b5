import type { KafkaRecord } from '@bursar/bus/partition-loop';

/** Why a partition can't be read on without a person: each kind is an incident of that name. */
export type LogTrouble = {
  kind: 'hole' | 'log_rewritten' | 'other_cluster' | 'unreadable_batch';
  sentence: string;
  /** `from` and `to` are the first and last offset that can't be counted, where there is such a range. */
  detail: Record<string, unknown>;
};

export const LOG_TROUBLES: readonly LogTrouble['kind'][] = [
  'hole',
  'log_rewritten',
  'other_cluster',
  'unreadable_batch',
];

/** How the partition of an incident is named. */
export function partitionName(topic: string, partition: number): string {
  return `${topic}/${partition}`;
}

/** The partition that an incident is about; undefined when it is one of another topic. */
export function partitionOf(topic: string, subject: string): number | undefined {
  const partition = subject.slice(topic.length + 1);
  return subject.startsWith(`${topic}/`) && /^\d+$/.test(partition) ? Number(partition) : undefined;
}

/** `log`: as in kafka_offset. */
export function hole(expected: bigint, first: bigint, log: number): LogTrouble {
  return {
    kind: 'hole',
    sentence: `Kafka no longer has offsets ${expected} to ${first - 1n} (${first - expected} records that were never counted).`,
    detail: { from: String(expected), to: String(first - 1n), log },
  };
}

export function otherCluster(known: { clusterId: string; nextOffset: bigint }, clusterId: string): LogTrouble {
  return {
    kind: 'other_cluster',
    sentence: `The ledger has read this partition from Kafka cluster ${known.clusterId}; this one is ${clusterId}, where its offsets mean nothing.`,
    detail: { ledgerClusterId: known.clusterId, clusterId, nextOffset: String(known.nextOffset) },
  };
}

export function logEndsBefore(expected: bigint, high: bigint): LogTrouble {
  return {
    kind: 'log_rewritten',
    sentence: `The ledger has read up to offset ${expected}, but the log ends at ${high}: the topic was recreated or the log cut off.`,
    detail: { expected: String(expected), logEnd: String(high) },
  };
}

export function otherRecordAt(offset: bigint): LogTrouble {
  return {
    kind: 'log_rewritten',
    sentence: `The record at offset ${offset} is not the one that the ledger read there: the topic was recreated or the log rewritten.`,
    detail: { expected: String(offset + 1n), from: '0', to: String(offset) },
  };
}

export function unknownRecords(unknown: number, expected: bigint, first: bigint): LogTrouble {
  return {
    kind: 'log_rewritten',
    sentence: `${unknown} records below offset ${expected}, which the ledger has read up to, are unknown to it: the topic was recreated or the log rewritten.`,
    detail: { expected: String(expected), from: String(first), unknown },
  };
}

/** More records than quarantine should hold, of which nothing is known but how many there are. */
export function unreadableBatch({ offset, unreadable }: KafkaRecord): LogTrouble {
  const { because = '', records = 0 } = unreadable ?? {};
  return {
    kind: 'unreadable_batch',
    sentence: `${records} records from offset ${offset} on can't be counted: ${because}.`,
    detail: { from: String(offset), to: String(offset + BigInt(records) - 1n) },
  };
}
